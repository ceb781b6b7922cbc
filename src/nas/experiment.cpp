// Reading and checking experiment files.
#include "nas/experiment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/experiment_fields.hpp"
#include "nas/experiment_space.hpp"
#include "nas/path_expansion.hpp"
#include "nas/run_names.hpp"
#include "nas/toml_source.hpp"

namespace danas {

namespace {

std::string bounds_text(const Bounds& bounds) {
  const std::string low = fmt::format("{} {}", bounds.above_low ? "above" : "at least", bounds.low);
  const std::string high = fmt::format("{} {}", bounds.below_high ? "below" : "at most", bounds.high);
  return bounds.high == Bounds{}.high ? low : low + " and " + high;
}

class KeyCollector {
 public:
  void text(const std::string& key, const std::string&) { keys.push_back(key); }
  void path(const std::string& key, const std::filesystem::path&) { keys.push_back(key); }
  void flag(const std::string& key, bool) { keys.push_back(key); }
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

class TomlReader {
 public:
  explicit TomlReader(const TomlSource& source) : source_(source) {}

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

  void flag(const std::string& key, bool& value) {
    const toml::node* node = source_.find(key);
    if (node == nullptr) return;
    if (!node->is_boolean()) throw expected(source_.where(key), "true or false", describe(*node));
    value = node->as_boolean()->get();
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
      throw expected(source_.where(key), fmt::format("{}{} {}", or_else, kind, bounds_text(bounds)), describe(node));
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

  const TomlSource& source_;
};

// A known name alone sets the limits; an unknown one needs both of them.
void set_known_device(const TomlSource& source, Device& device) {
  const toml::node* name = source.find("device.name");
  const bool limits = source.find("device.ram_kib") != nullptr && source.find("device.flash_kib") != nullptr;
  if (name == nullptr || !name->is_string()) return;
  try {
    device = find_device(name->as_string()->get());
  } catch (const Error& error) {
    if (limits) return;
    throw expected(source.where("device.name"),
                   "a known device, or ram_kib and flash_kib beside the name; known are " + device_names(),
                   describe(*name));
  }
}

// Each part of a batch is normalized by itself: by one image nothing is.
void check_training(const TomlSource& source, const std::string& table, const TrainingSettings& training) {
  if (training.steps > 0 && training.warmup > training.steps)
    throw expected(source.where(table + ".warmup", table + ".steps"),
                   "at most " + table + ".steps, " + std::to_string(training.steps), std::to_string(training.warmup));
  const int micro = training.micro_batch;
  if (micro == 1 || (micro > 0 && micro < training.batch && training.batch % micro != 0))
    throw expected(source.where("engine.micro_batch", table + ".batch"),
                   "0 or a divisor of " + table + ".batch, " + std::to_string(training.batch) + ", from 2 on",
                   std::to_string(micro));
}

// What no single key can be blamed for.
void check_together(const TomlSource& source, const Experiment& experiment) {
  if (!is_run_name(experiment.name))
    throw expected(source.where("name"), "a name of letters, digits, - _ and .", "\"" + experiment.name + "\"");
  if (source.find("data.kind") == nullptr)
    throw expected(source.where("data.kind"), "the key kind in [data]: one of " + listed_names<DatasetKind>(), "none");
  if (experiment.data.kind != DatasetKind::synthetic && experiment.data.path.empty())
    throw expected(source.where("data.path"), std::string("the folder of the ") + items_of(experiment.data.kind),
                   "no path");
  for (const auto& [key, split] :
       {std::pair("data.train", experiment.data.train), std::pair("data.validation", experiment.data.validation),
        std::pair("data.test", experiment.data.test)})
    if (split.empty()) throw expected(source.where(key), "the name of a split", "an empty text");
  if (experiment.data.validation_share + experiment.data.test_share >= 1)
    throw expected(source.where("data.test_share", "data.validation_share"),
                   "validation_share and test_share to leave some for training", "a sum of 1 or more");
  refuse_twins(source, "search.objectives", experiment.search.objectives);
  if (experiment.space.sliced()) {
    check_training(source, "supernet", experiment.supernet);
    check_training(source, "finetune", experiment.finetune);
  } else {
    check_training(source, "scratch", experiment.scratch);
  }
  check_training(source, "final", experiment.final_training);
  if (experiment.slices.scheme != SupernetScheme::full && experiment.engine.micro_batch > 0)
    throw expected(source.where("supernet.scheme", "engine.micro_batch"), "\"full\" where [engine] micro_batch is set",
                   std::string("\"") + name_of(experiment.slices.scheme) + '"');
  if (experiment.supernet.distill && experiment.slices.scheme != SupernetScheme::sandwich)
    throw expected(source.where("supernet.scheme", "supernet.distill"), "\"sandwich\" where distill is true",
                   std::string("\"") + name_of(experiment.slices.scheme) + '"');
  if (experiment.slices.shared == SupernetSharing::none) return;
  const bool sounds = holds_sounds(experiment.data.kind);
  if (sounds || experiment.engine.micro_batch > 0)
    throw expected(source.where("supernet.shared"),
                   std::string("\"none\" where ") +
                       (sounds ? "the data set holds sounds" : "[engine] micro_batch is set"),
                   std::string("\"") + name_of(experiment.slices.shared) + '"');
}

Experiment default_experiment(const std::filesystem::path& file) {
  Experiment experiment;
  experiment.supernet.steps = 30000;
  experiment.finetune.steps = 100;
  experiment.scratch.steps = 25000;
  experiment.final_training.steps = 1000;
  if (is_run_name(file.stem().string())) experiment.name = file.stem().string();
  return experiment;
}

// Of keys that are left out, where they depend on others.
void set_derived_defaults(const TomlSource& source, Experiment& experiment) {
  const bool published = experiment.protocol == Protocol::published;
  if (published && source.find("search.first_population") == nullptr)
    experiment.search.first_population = FirstPopulation::random;
  if (source.find("supernet.scheme") == nullptr && (published || experiment.engine.micro_batch > 0))
    experiment.slices.scheme = SupernetScheme::full;
  if (source.find("finetune.steps") == nullptr && experiment.slices.scheme != SupernetScheme::full)
    experiment.finetune.steps = 0;
  if (source.find("device.input_bytes") == nullptr) experiment.device.bytes.input = experiment.device.bytes.activation;
}

}  // namespace

Experiment parse_experiment(const std::string& toml, const std::filesystem::path& file,
                            const std::vector<std::string>& overrides) {
  TomlSource source(toml, file);
  for (const std::string& text : overrides) source.override_value(text);
  Experiment experiment = default_experiment(file);
  SpaceLists space;
  KeyCollector collector;
  visit_fields(collector, experiment, space);
  source.refuse_unknown_keys(collector.keys);
  set_known_device(source, experiment.device);
  TomlReader reader(source);
  reader.choice("protocol", experiment.protocol);
  experiment.switches = switches_of(experiment.protocol);
  visit_fields(reader, experiment, space);
  set_derived_defaults(source, experiment);
  for (TrainingSettings* training :
       {&experiment.supernet, &experiment.finetune, &experiment.scratch, &experiment.final_training})
    training->micro_batch = experiment.engine.micro_batch;
  experiment.space = make_space(source, space, experiment.data, experiment.switches);
  if (!experiment.space.sliced()) experiment.switches = stack_switches(experiment.switches);
  experiment.data.mixing.constant_for_anomalous = experiment.switches.constant_noise;
  if (!experiment.search.hours && !experiment.search.systems) experiment.search.hours = 23.0;
  check_together(source, experiment);
  return experiment;
}

Experiment read_experiment(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  return parse_experiment(read_file(file), file, overrides);
}

}  // namespace danas
