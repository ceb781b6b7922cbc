// The few keys of experiment.toml that a report needs; the only user of the TOML library here.
#include <cmath>

#include <toml++/toml.h>

#include "base/error.hpp"
#include "report/run.hpp"

namespace danas::report {

namespace {

std::string place(const std::string& where, const toml::node& node) {
  return where + ":" + std::to_string(node.source().begin.line);
}

std::optional<long long> limit_bytes(const toml::table& file, const char* key, const std::string& where) {
  const auto node = file["device"][key];
  if (!node) return std::nullopt;
  const auto kib = node.value<double>();
  if (!kib || !(*kib > 0) || *kib > 1e12)
    throw expected(place(where, *node.node()), std::string("a size above 0 for device.") + key, "something else");
  return std::llround(*kib * 1024);
}

// Those of versions without the key were the default ones.
Objectives read_objectives(const toml::table& file, const std::string& where) {
  const auto node = file["search"]["objectives"];
  if (!node) return default_objectives;
  Objectives objectives;
  if (const toml::array* names = node.as_array())
    for (const toml::node& name : *names)
      objectives.push_back(parse_measure(name.value_or(std::string()), place(where, name)));
  if (objectives.empty()) throw expected(place(where, *node.node()), "names of measures for search.objectives", "none");
  return objectives;
}

}  // namespace

Settings parse_settings(const std::string& text, const std::string& where) {
  Settings settings;
  settings.text = text;
  try {
    const toml::table file = toml::parse(text, where);
    settings.name = file["name"].value_or(std::string());
    settings.device = file["device"]["name"].value_or(std::string());
    settings.ram_limit = limit_bytes(file, "ram_kib", where);
    settings.flash_limit = limit_bytes(file, "flash_kib", where);
    settings.objectives = read_objectives(file, where);
    settings.violators = file["switches"]["admit_violators"].value_or(false);
  } catch (const toml::parse_error& error) {
    throw Error(where + ":" + std::to_string(error.source().begin.line),
                "expected TOML: " + std::string(error.description()));
  }
  return settings;
}

}  // namespace danas::report
