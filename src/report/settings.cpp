// The few keys of experiment.toml that a report needs; the only user of the TOML library here.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <limits>
#include <sstream>

#include <toml++/toml.h>

#include "base/error.hpp"
#include "report/run.hpp"

namespace danas::report {

namespace {

constexpr const char* network_lists[] = {"width", "depth", "filters", "kernel", "activation"};
constexpr const char* network_switches[] = {"drop_residuals",  "mask_width",  "fresh_heads",    "keep_statistics",
                                            "change_supernet", "same_images", "bilinear_resize"};
constexpr const char* not_seen[] = {"cache", "cache_gib", "cache_path", "path", "save"};  // of [data]

std::string place(const std::string& where, const toml::node& node) {
  return where + ":" + std::to_string(node.source().begin.line);
}

// At most the largest number there is: lists of a hostile file may be long.
std::int64_t product(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  return b > 0 && a > most / b ? most : a * b;
}

std::optional<long long> limit_bytes(const toml::table& file, const char* key, const std::string& where) {
  const auto node = file["device"][key];
  if (!node) return std::nullopt;
  const auto kib = node.value<double>();
  if (!kib || !(*kib > 0) || *kib > 1e12)
    throw expected(place(where, *node.node()), std::string("a size above 0 for device.") + key, "something else");
  return static_cast<long long>(std::floor(*kib * 1024));  // as the search takes it
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
      count = product(count, static_cast<std::int64_t>(values->size()));
  }
  return count;
}

std::string text_of(const toml::node_view<const toml::node>& table) {
  std::ostringstream text;
  if (const toml::table* known = table.as_table()) text << *known;
  return text.str();
}

std::string seen_data(const toml::table& file) {
  const toml::table* data = file["data"].as_table();
  if (data == nullptr) return "";
  toml::table seen = *data;
  for (const char* key : not_seen) seen.erase(key);
  std::ostringstream text;
  text << seen;
  return text.str();
}

// The one element of a list of [space].
template <class Value>
std::optional<Value> only(const toml::table& file, const char* key) {
  const toml::array* values = file["space"][key].as_array();
  return values != nullptr && values->size() == 1 ? values->front().value<Value>() : std::nullopt;
}

// A network ends before any stage, and has one block or more of all stages before.
std::int64_t count_slices(const toml::table& file) {
  const toml::array *depth = file["space"]["depth"].as_array(), *width = file["space"]["width"].as_array();
  if (depth == nullptr || width == nullptr || depth->size() != 5) return 0;
  std::int64_t depths = 1;
  for (std::size_t stage = depth->size(); stage-- > 0;)
    depths = 1 + std::clamp<std::int64_t>((*depth)[stage].value_or(std::int64_t{0}), 0, 100) * depths;
  return product(depths, static_cast<std::int64_t>(width->size()));
}

void add_name(std::string& names, const std::string& name) { names += (names.empty() ? "" : ", ") + name; }

void read_switches(const toml::table& file, Settings& settings) {
  const toml::table* switches = file["switches"].as_table();
  if (switches == nullptr) return;
  std::size_t on = 0;
  for (const auto& [key, value] : *switches) {
    if (!value.value_or(false)) continue;
    ++on;
    const std::string name(key.str());
    add_name(settings.switches, name);
    if (std::find(std::begin(network_switches), std::end(network_switches), name) != std::end(network_switches))
      add_name(settings.network_switches, name);
  }
  if (on > 1 && on == switches->size()) settings.switches = "all";
}

void read_search(const toml::table& file, Settings& settings) {
  settings.stacks = file["space"]["network"].value_or(std::string()) == "layers";
  settings.strategy = file["search"]["strategy"].value_or(settings.strategy);
  settings.space = text_of(file["space"]);
  settings.training = text_of(file["supernet"]) + "\n" + text_of(file["finetune"]);
  settings.from_scratch = !settings.stacks && file["supernet"]["steps"].value_or(std::int64_t{1}) == 0;
  settings.data_configurations = count_configurations(file);
  if (!settings.stacks) settings.systems = product(settings.data_configurations, count_slices(file));
  const auto resolution = only<std::int64_t>(file, "resolution");
  const auto color = only<std::string>(file, "color");
  if (!resolution || !color || *resolution > 100'000) return;
  settings.input = std::to_string(*resolution) + "-" + *color;
  settings.input_values = *resolution * *resolution * (*color == "rgb" ? 3 : 1);
}

void read_comparison(const toml::table& file, Settings& settings) {
  settings.seed = file["seed"].value_or(std::int64_t{1});
  settings.data_kind = file["data"]["kind"].value_or(std::string());
  settings.data_name = std::filesystem::path(file["data"]["path"].value_or(std::string())).filename().string();
  if (settings.data_name.empty()) settings.data_name = settings.data_kind;
  settings.data = settings.data_name + "\n" + seen_data(file);
  read_switches(file, settings);
  read_search(file, settings);
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
