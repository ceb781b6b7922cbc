// The few keys of experiment.toml that a report needs; the only user of the TOML library here.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>

#include <toml++/toml.h>

#include "base/error.hpp"
#include "report/run.hpp"

namespace danas::report {

namespace {

constexpr const char* network_lists[] = {"width", "depth", "filters", "kernel", "activation"};

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

// Each list of [space] that is none of the architecture's is a property of the data.
std::int64_t count_configurations(const toml::table& file) {
  std::int64_t count = 1;
  const toml::table* space = file["space"].as_table();
  if (space == nullptr) return count;
  for (const auto& [key, value] : *space) {
    const bool of_network =
        std::find(std::begin(network_lists), std::end(network_lists), key.str()) != std::end(network_lists);
    if (const toml::array* values = value.as_array(); values != nullptr && !of_network && !values->empty())
      count *= static_cast<std::int64_t>(values->size());
  }
  return count;
}

void read_comparison(const toml::table& file, Settings& settings) {
  settings.seed = file["seed"].value_or(std::int64_t{1});
  settings.data_kind = file["data"]["kind"].value_or(std::string());
  settings.data_name = std::filesystem::path(file["data"]["path"].value_or(std::string())).filename().string();
  if (settings.data_name.empty()) settings.data_name = settings.data_kind;
  settings.data_configurations = count_configurations(file);
  if (const toml::table* switches = file["switches"].as_table())
    for (const auto& [key, value] : *switches)
      if (value.value_or(false)) settings.switches += (settings.switches.empty() ? "" : ", ") + std::string(key.str());
  settings.stacks = file["space"]["network"].value_or(std::string()) == "layers";
}

}  // namespace

Settings parse_settings(const std::string& text, const std::string& where) {
  Settings settings;
  settings.text = text;
  try {
    const toml::table file = toml::parse(text, where);
    settings.name = file["name"].value_or(std::string());
    settings.device = file["device"]["name"].value_or(std::string());
    read_comparison(file, settings);
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
