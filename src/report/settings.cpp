// The few keys of experiment.toml that a report needs; the only user of the TOML library here.
#include <cmath>
#include <sstream>

#include <toml++/toml.h>

#include "base/error.hpp"
#include "report/run.hpp"

namespace danas::report {

namespace {

std::optional<long long> limit_bytes(const toml::table& file, const char* key, const std::string& where) {
  const auto node = file["device"][key];
  if (!node) return std::nullopt;
  const auto kib = node.value<double>();
  if (!kib || !(*kib > 0) || *kib > 1e12) {
    std::ostringstream line;
    line << where << ':' << node.node()->source().begin.line;
    throw expected(line.str(), std::string("a size above 0 for device.") + key, "something else");
  }
  return std::llround(*kib * 1024);
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
  } catch (const toml::parse_error& error) {
    throw Error(where + ":" + std::to_string(error.source().begin.line),
                "expected TOML: " + std::string(error.description()));
  }
  return settings;
}

}  // namespace danas::report
