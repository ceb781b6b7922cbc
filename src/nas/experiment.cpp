// Reading and checking experiment files; the only user of the TOML library here.
#include "nas/experiment.hpp"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "base/edit_distance.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/experiment_fields.hpp"
#include "nas/path_expansion.hpp"
#include "nas/run_names.hpp"

namespace danas {

namespace {

std::string float_text(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

std::string describe(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  std::ostringstream text;
  if (const auto* value = node.as_string()) text << "the text \"" << value->get() << '"';
  else if (const auto* integer = node.as_integer()) text << integer->get();
  else if (const auto* number = node.as_floating_point()) text << "the float " << float_text(number->get());
  else if (const auto* truth = node.as_boolean()) text << (truth->get() ? "true" : "false");
  else text << "a date or time";
  return text.str();
}

std::string describe(const Bounds& bounds) {
  const std::string low = fmt::format("{} {}", bounds.above_low ? "above" : "at least", bounds.low);
  const std::string high = fmt::format("{} {}", bounds.below_high ? "below" : "at most", bounds.high);
  return bounds.high == Bounds{}.high ? low : low + " and " + high;
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

class KeyCollector {
 public:
  void text(const std::string& key, const std::string&) { keys.push_back(key); }
  void path(const std::string& key, const std::filesystem::path&) { keys.push_back(key); }
  template <class Value>
  void number(const std::string& key, const Value&, const Bounds&, const char* = nullptr) {
    keys.push_back(key);
  }
  template <class Value>
  void list(const std::string& key, const std::vector<Value>&, const Bounds&) {
    keys.push_back(key);
  }
  template <class Enum>
  void choice(const std::string& key, const Enum&, const char* = nullptr) {
    keys.push_back(key);
  }
  template <class Enum>
  void choices(const std::string& key, const std::vector<Enum>&) {
    keys.push_back(key);
  }
  void measures(const std::string& key, const std::vector<Measure>&) { keys.push_back(key); }

  std::vector<std::string> keys;
};

// The file's content as TOML, and where each of its values stands.
class Source {
 public:
  Source(const std::string& toml, const std::filesystem::path& file) : file_(file) {
    try {
      root_ = toml::parse(toml, file.string());
    } catch (const toml::parse_error& error) {
      throw Error(fmt::format("{}:{}", file.string(), error.source().begin.line),
                  "expected TOML: " + std::string(error.description()));
    }
  }

  // "key=value"; the value is TOML, or else taken as text.
  void override_value(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string key = trimmed(text.substr(0, equals));
    if (equals == std::string::npos || key.empty())
      throw expected("--set " + text, "key=value with a dotted key, e.g. search.systems=20", "\"" + text + "\"");
    toml::table value = parse_value(trimmed(text.substr(equals + 1)));
    const std::size_t dot = key.find('.');
    toml::table* table = &root_;
    if (dot != std::string::npos) {
      const std::string name = key.substr(0, dot);
      if (!root_.contains(name)) root_.insert(name, toml::table{});
      table = root_[name].as_table();
      if (table == nullptr) throw expected(where(name), "a table", describe(*root_.get(name)));
    }
    table->insert_or_assign(dot == std::string::npos ? key : key.substr(dot + 1), std::move(*value.get("value")));
    overridden_.emplace_back(key, text);
  }

  const toml::node* find(const std::string& key) const {
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos) return root_.get(key);
    const toml::node* table = root_.get(key.substr(0, dot));
    return table != nullptr && table->is_table() ? table->as_table()->get(key.substr(dot + 1)) : nullptr;
  }

  /// Where a key, or a table that is not known, was set.
  std::string where(const std::string& key) const {
    const toml::node* node = find(key);
    const auto line = node == nullptr ? 0 : node->source().begin.line;
    for (auto set = overridden_.rbegin(); set != overridden_.rend(); ++set)
      if (set->first == key || (line == 0 && set->first.starts_with(key + "."))) return "--set " + set->second;
    return line == 0 ? file_.string() + ": " + key : fmt::format("{}:{}: {}", file_.string(), line, key);
  }

  /// Of two keys that do not go together: the one that --set changed, else the first.
  std::string where(const std::string& key, const std::string& other) const {
    const std::string place = where(other);
    return !where(key).starts_with("--set ") && place.starts_with("--set ") ? place : where(key);
  }

  std::filesystem::path folder() const { return std::filesystem::absolute(file_).parent_path(); }

  void refuse_unknown_keys(const std::vector<std::string>& known) const {
    for (const auto& [name, node] : root_) {
      const std::string table(name.str());
      const bool is_table =
          std::any_of(known.begin(), known.end(), [&](auto& key) { return key.starts_with(table + "."); });
      if (!is_table && node.is_table()) {
        refuse_unknown_key(table, tables_of(known));
      } else if (!is_table) {
        refuse_unknown_key(table, known);
      } else if (!node.is_table()) {
        throw expected(where(table), "a table [" + table + "]", describe(node));
      } else {
        for (const auto& [key, value] : *node.as_table())
          refuse_unknown_key(table + "." + std::string(key.str()), known);
      }
    }
  }

 private:
  static std::vector<std::string> tables_of(const std::vector<std::string>& keys) {
    std::vector<std::string> tables;
    for (const std::string& key : keys)
      if (key.find('.') != std::string::npos) tables.push_back(key.substr(0, key.find('.')));
    return tables;
  }

  static toml::table parse_value(const std::string& text) {
    try {
      toml::table table = toml::parse("value = " + text);
      if (table.size() == 1) return table;
    } catch (const toml::parse_error&) {  // a bare word
    }
    return toml::table{{"value", text}};
  }

  void refuse_unknown_key(const std::string& key, const std::vector<std::string>& known) const {
    if (std::find(known.begin(), known.end(), key) != known.end()) return;
    const auto leaf = [](const std::string& dotted) { return dotted.substr(dotted.find('.') + 1); };
    const auto distance = [&](const std::string& candidate) {  // a key of the right name in the wrong table is near
      return std::min(2 * edit_distance(key, candidate), 2 * edit_distance(leaf(key), leaf(candidate)) + 1);
    };
    const auto nearest = std::min_element(known.begin(), known.end(), [&](auto& a, auto& b) {
      return std::pair(distance(a), edit_distance(key, a)) < std::pair(distance(b), edit_distance(key, b));
    });
    throw expected(where(key), "a known key; the nearest is " + *nearest, "the unknown key " + key);
  }

  std::filesystem::path file_;
  toml::table root_;
  std::vector<std::pair<std::string, std::string>> overridden_;  // key, and the text of --set
};

class TomlReader {
 public:
  explicit TomlReader(const Source& source) : source_(source) {}

  void text(const std::string& key, std::string& value) {
    const toml::node* node = source_.find(key);
    if (node != nullptr) value = read_text(key, *node);
  }

  void path(const std::string& key, std::filesystem::path& value) {
    const toml::node* node = source_.find(key);
    if (node == nullptr) return;
    const std::string text = read_text(key, *node);
    const std::string advice = key == "data.path" && of_wake_vision() ? "download Wake Vision (wakevision.ai)" : "";
    value = text.empty() ? std::filesystem::path() : expand_path(text, source_.folder(), source_.where(key), advice);
  }

  template <class Value>
  void number(const std::string& key, Value& value, const Bounds& bounds) {
    const toml::node* node = source_.find(key);
    if (node != nullptr) value = read_number<Value>(key, *node, bounds);
  }
  template <class Value>
  void number(const std::string& key, std::optional<Value>& value, const Bounds& bounds) {
    const toml::node* node = source_.find(key);
    if (node != nullptr) value = read_number<Value>(key, *node, bounds);
  }

  template <class Value>
  void number(const std::string& key, std::optional<Value>& value, const Bounds& bounds, const char* none) {
    const toml::node* node = source_.find(key);
    if (node == nullptr) return;
    if (node->value<std::string>() == none) value.reset();
    else value = read_number<Value>(key, *node, bounds, fmt::format("\"{}\" or ", none));
  }

  template <class Value>
  void list(const std::string& key, std::vector<Value>& values, const Bounds& bounds) {
    read_list(key, values, [&](const toml::node& node) { return read_number<Value>(key, node, bounds); });
  }

  template <class Enum>
  void choice(const std::string& key, Enum& value) {
    const toml::node* node = source_.find(key);
    if (node != nullptr) value = read_choice<Enum>(key, *node, "one of ");
  }
  template <class Enum>
  void choice(const std::string& key, std::optional<Enum>& value, const std::string& none) {
    const toml::node* node = source_.find(key);
    if (node == nullptr) return;
    if (node->value<std::string>() == none) value.reset();
    else value = read_choice<Enum>(key, *node, "one of \"" + none + "\", ");
  }
  template <class Enum>
  void choices(const std::string& key, std::vector<Enum>& values) {
    read_list(key, values, [&](const toml::node& node) { return read_choice<Enum>(key, node, "one of "); });
  }
  void measures(const std::string& key, std::vector<Measure>& values) {
    read_list(key, values,
              [&](const toml::node& node) { return parse_measure(read_text(key, node), source_.where(key)); });
  }

 private:
  // `before` the names: how the message begins.
  template <class Enum>
  Enum read_choice(const std::string& key, const toml::node& node, const std::string& before) const {
    const auto* text = node.as_string();
    const std::optional<Enum> value = text == nullptr ? std::nullopt : find_named<Enum>(text->get());
    if (!value) throw expected(source_.where(key), before + listed_names<Enum>(), describe(node));
    return *value;
  }

  std::string read_text(const std::string& key, const toml::node& node) const {
    const auto* text = node.as_string();
    if (text == nullptr) throw expected(source_.where(key), "a text", describe(node));
    if (text->get().find('\0') != std::string::npos)
      throw expected(source_.where(key), "a text", "one with a zero byte");
    return text->get();
  }

  bool of_wake_vision() const {
    const toml::node* kind = source_.find("data.kind");
    return kind != nullptr && kind->value<std::string>() == name_of(DatasetKind::wake_vision);
  }

  template <class Value>
  Value read_number(const std::string& key, const toml::node& node, const Bounds& bounds,
                    const std::string& or_else = "") const {
    const bool integer = std::is_integral_v<Value>;
    const auto* whole = node.as_integer();
    const auto* real = node.as_floating_point();
    const double value = whole != nullptr ? static_cast<double>(whole->get()) : real != nullptr ? real->get() : 0.0;
    if ((whole == nullptr && (integer || real == nullptr)) || !std::isfinite(value) || !bounds.contains(value)) {
      const char* kind = integer ? "a whole number" : "a number";
      throw expected(source_.where(key), fmt::format("{}{} {}", or_else, kind, describe(bounds)), describe(node));
    }
    return whole != nullptr ? static_cast<Value>(whole->get()) : static_cast<Value>(value);
  }

  template <class Value, class Read>
  void read_list(const std::string& key, std::vector<Value>& values, const Read& read) {
    const toml::node* node = source_.find(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr || array->empty()) {
      throw expected(source_.where(key), "an array of at least one value",
                     array == nullptr ? describe(*node) : "an empty one");
    }
    values.clear();
    for (const toml::node& element : *array) values.push_back(read(element));
  }

  const Source& source_;
};

// A known name alone sets the limits; an unknown one needs both of them.
void set_known_device(const Source& source, Device& device) {
  const toml::node* name = source.find("device.name");
  const bool limits = source.find("device.ram_kib") != nullptr && source.find("device.flash_kib") != nullptr;
  if (name == nullptr || !name->is_string()) return;
  try {
    device = find_device(name->as_string()->get());
  } catch (const Error& error) {
    if (limits) return;
    throw expected(
        source.where("device.name"),
        "a known device, or ram_kib and flash_kib beside the name; known are " +
            [] {
              std::string names;
              for (const Device& known : known_devices()) names += (names.empty() ? "" : ", ") + known.name;
              return names;
            }(),
        describe(*name));
  }
}

template <class Value>
void refuse_twins(const Source& source, const char* key, std::vector<Value> values) {
  std::sort(values.begin(), values.end());
  if (std::adjacent_find(values.begin(), values.end()) != values.end())
    throw expected(source.where(key), "different values", "the same one twice");
}

SearchSpace make_space(const Source& source, const SpaceLists& lists) {
  refuse_twins(source, "space.resolution", lists.resolution);
  refuse_twins(source, "space.color", lists.color);
  refuse_twins(source, "space.width", lists.width);
  bool within = lists.depth.size() == full_depth.size();
  for (std::size_t stage = 0; within && stage < full_depth.size(); ++stage)
    within = lists.depth[stage] <= full_depth[stage];
  if (!within) {
    const auto listed = [](const auto& numbers) {
      std::string text;
      for (const int number : numbers) text += fmt::format("{}{}", text.empty() ? "" : ", ", number);
      return "[" + text + "]";
    };
    throw expected(source.where("space.depth"), "five numbers, at most " + listed(full_depth), listed(lists.depth));
  }
  std::array<int, 5> depth;
  std::copy(lists.depth.begin(), lists.depth.end(), depth.begin());
  return SearchSpace(lists.resolution, lists.color, lists.width, depth);
}

// What no single key can be blamed for.
void check_together(const Source& source, const Experiment& experiment) {
  if (!is_run_name(experiment.name))
    throw expected(source.where("name"), "a name of letters, digits, - _ and .", "\"" + experiment.name + "\"");
  if (experiment.protocol == Protocol::published)
    throw Error(source.where("protocol"),
                "the protocol \"published\" is not available in this version; use \"corrected\"");
  if (source.find("data.kind") == nullptr)
    throw expected(source.where("data.kind"), "the key kind in [data]: \"wake_vision\", \"folders\" or \"synthetic\"",
                   "none");
  if (experiment.data.kind != DatasetKind::synthetic && experiment.data.path.empty())
    throw expected(source.where("data.path"), "the folder of the images", "no path");
  for (const auto& [key, split] :
       {std::pair("data.train", experiment.data.train), std::pair("data.validation", experiment.data.validation),
        std::pair("data.test", experiment.data.test)})
    if (split.empty()) throw expected(source.where(key), "the name of a split", "an empty text");
  if (experiment.data.validation_share + experiment.data.test_share >= 1)
    throw expected(source.where("data.test_share", "data.validation_share"),
                   "validation_share and test_share to leave images for training", "a sum of 1 or more");
  refuse_twins(source, "search.objectives", experiment.search.objectives);
  for (const auto& [table, training] :
       {std::pair("supernet", experiment.supernet), std::pair("finetune", experiment.finetune),
        std::pair("final", experiment.final_training)})
    if (training.warmup > training.steps)
      throw expected(source.where(std::string(table) + ".warmup", std::string(table) + ".steps"),
                     "at most " + std::string(table) + ".steps, " + std::to_string(training.steps),
                     std::to_string(training.warmup));
}

Experiment default_experiment(const std::filesystem::path& file) {
  Experiment experiment;
  experiment.supernet.steps = 30000;
  experiment.finetune.steps = 100;
  experiment.final_training.steps = 1000;
  if (is_run_name(file.stem().string())) experiment.name = file.stem().string();
  return experiment;
}

}  // namespace

Experiment parse_experiment(const std::string& toml, const std::filesystem::path& file,
                            const std::vector<std::string>& overrides) {
  Source source(toml, file);
  for (const std::string& text : overrides) source.override_value(text);
  Experiment experiment = default_experiment(file);
  SpaceLists space;
  KeyCollector collector;
  visit_fields(collector, experiment, space);
  source.refuse_unknown_keys(collector.keys);
  set_known_device(source, experiment.device);
  TomlReader reader(source);
  visit_fields(reader, experiment, space);
  if (source.find("device.input_bytes") == nullptr) experiment.device.bytes.input = experiment.device.bytes.activation;
  experiment.space = make_space(source, space);
  if (!experiment.search.hours && !experiment.search.systems) experiment.search.hours = 23.0;
  check_together(source, experiment);
  return experiment;
}

Experiment read_experiment(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  return parse_experiment(read_file(file), file, overrides);
}

}  // namespace danas
