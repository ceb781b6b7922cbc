// Every key of an experiment file, once: reading, writing and the check for unknown keys all walk this list.
#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nas/experiment.hpp"

namespace danas {

/// Numbers from `low` to `high`, with `above_low` without `low` itself and with `below_high` without `high`.
struct Bounds {
  double low = std::numeric_limits<double>::lowest(), high = std::numeric_limits<double>::max();
  bool above_low = false, below_high = false;

  bool contains(double value) const {
    return (above_low ? value > low : value >= low) && (below_high ? value < high : value <= high);
  }
};

/// What networks are made of.
enum class NetworkKind { mobilenet_v2, layers };  ///< slices of supernets; stacks, each trained from scratch
template <>
inline constexpr std::array names<NetworkKind>{"mobilenet_v2", "layers"};

/// Tables and keys that networks of one kind alone have. Switches of the others change nothing.
inline constexpr std::pair<const char*, NetworkKind> keys_of_one_network[] = {
    {"supernet", NetworkKind::mobilenet_v2},    {"finetune", NetworkKind::mobilenet_v2},
    {"space.width", NetworkKind::mobilenet_v2}, {"space.depth", NetworkKind::mobilenet_v2},
    {"scratch", NetworkKind::layers},           {"space.filters", NetworkKind::layers},
    {"space.kernel", NetworkKind::layers},      {"space.activation", NetworkKind::layers},
    {"space.layers", NetworkKind::layers}};

/// What a SearchSpace is built from: resolutions and colors where the data set holds images, else rates and features.
struct SpaceLists {
  NetworkKind network = NetworkKind::mobilenet_v2;
  std::vector<int> resolution{32, 64, 96, 128, 160, 192, 224};
  std::vector<Color> color{Color::monochrome, Color::rgb};
  std::vector<int> sample_rate{375, 750, 1500, 3000, 6000, 12000, 24000, 48000};
  std::vector<AudioFeature> feature{AudioFeature::spectrogram, AudioFeature::mel, AudioFeature::mfcc};
  std::vector<double> width{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
  std::vector<int> depth{full_depth.begin(), full_depth.end()};
  StackChoices stack;
};

constexpr double most_steps = 1e9;
constexpr Bounds seeds{0, 9.2e18};

/// visit.text(key, string), visit.path(key, path), visit.number(key, value, bounds),
/// visit.number(key, an optional one, bounds, the name of none), visit.list(key, numbers, bounds), visit.flag(key, bool),
/// visit.choice(key, value of an enum with names), visit.choice(key, an optional one, the name of none),
/// visit.choices(key, several), visit.measures(key, measures); keys are dotted.
template <class Visitor>
void visit_training(Visitor& visit, const std::string& table, TrainingSettings& settings) {
  const bool optional = table == "supernet" || table == "finetune";  // the other one trains candidates then
  visit.number(table + ".steps", settings.steps, Bounds{optional ? 0. : 1., most_steps});
  visit.number(table + ".batch", settings.batch, Bounds{2, 65536});
  visit.choice(table + ".optimizer", settings.optimizer);
  visit.number(table + ".learning_rate", settings.learning_rate, Bounds{0, 1000, true});
  visit.number(table + ".weight_decay", settings.weight_decay, Bounds{0, 1000});
  visit.number(table + ".momentum", settings.momentum, Bounds{0, 1, false, true});
  visit.choice(table + ".schedule", settings.schedule);
  visit.number(table + ".warmup", settings.warmup, Bounds{0, most_steps});
}

template <class Visitor>
void visit_data(Visitor& visit, DataSettings& data) {
  visit.choice("data.kind", data.kind);
  visit.path("data.path", data.path);
  visit.text("data.train", data.train);
  visit.text("data.validation", data.validation);
  visit.text("data.test", data.test);
  visit.text("data.positive", data.positive);
  visit.choice("data.cache", data.cache, "auto");
  visit.number("data.cache_gib", data.cache_gib, Bounds{0, 1e9});
  visit.path("data.cache_path", data.cache_path);
  visit.number("data.crop_min_area", data.crop_min_area, Bounds{0, 1, true});
  visit.flag("data.balance", data.balance);
  visit.number("data.images", data.images, Bounds{8, 10'000'000});
  visit.number("data.size", data.size, Bounds{16, 1024});
  visit.path("data.save", data.save);
  visit.number("data.validation_share", data.validation_share, Bounds{0, 1, true, true});
  visit.number("data.test_share", data.test_share, Bounds{0, 1, true, true});
  visit.number("data.seconds", data.seconds, Bounds{0.01, 600});
  visit.number("data.case", data.conveyor_case, Bounds{1, 1000});
  visit.number("data.channel", data.channel, Bounds{1, 1000});
  visit.number("data.sound_gain", data.mixing.sound_gain, Bounds{0, 1000});
  visit.number("data.noise_gain", data.mixing.noise_gain, Bounds{0, 1000});
}

template <class Visitor>
void visit_switches(Visitor& visit, Switches& switches) {
#define DANAS_SWITCH(name) visit.flag("switches." #name, switches.name);
  DANAS_SWITCHES(DANAS_SWITCH)
#undef DANAS_SWITCH
}

template <class Visitor>
void visit_fields(Visitor& visit, Experiment& experiment, SpaceLists& space) {
  visit.text("name", experiment.name);
  visit.number("seed", experiment.seed, seeds);
  visit.choice("protocol", experiment.protocol);
  visit_data(visit, experiment.data);
  visit.choice("space.network", space.network);
  visit.list("space.resolution", space.resolution, Bounds{16, 512});
  visit.choices("space.color", space.color);
  visit.list("space.sample_rate", space.sample_rate, Bounds{100, 192'000});
  visit.choices("space.feature", space.feature);
  visit.list("space.width", space.width, Bounds{0, 1, true});
  visit.list("space.depth", space.depth, Bounds{0, 4});
  visit.list("space.filters", space.stack.filters, Bounds{1, 1024});
  visit.list("space.kernel", space.stack.kernel, Bounds{1, 15});
  visit.choices("space.activation", space.stack.activation);
  visit.number("space.layers", space.stack.layers, Bounds{1, 16});
  visit_training(visit, "supernet", experiment.supernet);
  visit.choice("supernet.shared", experiment.slices.shared);
  visit.choice("supernet.scheme", experiment.slices.scheme);
  visit.number("supernet.fitting", experiment.slices.fitting, Bounds{0, 1});
  visit.flag("supernet.distill", experiment.supernet.distill);
  visit_training(visit, "finetune", experiment.finetune);
  visit_training(visit, "scratch", experiment.scratch);
  visit_training(visit, "final", experiment.final_training);
  visit.choice("search.strategy", experiment.search.strategy);
  visit.number("search.seed", experiment.search.seed, seeds);
  visit.number("search.hours", experiment.search.hours, Bounds{0, 1e6, true});
  visit.number("search.systems", experiment.search.systems, Bounds{1, 1e12});
  visit.number("search.population", experiment.search.population, Bounds{2, 1e6});
  visit.choice("search.first_population", experiment.search.first_population);
  visit.number("search.crossover", experiment.search.crossover, Bounds{0, 1});
  visit.flag("search.skip_violators", experiment.search.skip_violators);
  visit.number("search.recalibration_images", experiment.search.recalibration_images, Bounds{1, 1e9});
  visit.number("search.evaluation_batch", experiment.search.evaluation_batch, Bounds{1, 65536});
  visit.measures("search.objectives", experiment.search.objectives);
  visit.number("search.lanes", experiment.search.lanes, Bounds{1, 1024}, "auto");
  visit.choice("engine.precision", experiment.engine.precision);
  visit.number("engine.micro_batch", experiment.engine.micro_batch, Bounds{0, 65536});
  visit.text("device.name", experiment.device.name);
  visit.number("device.ram_kib", experiment.device.ram_kib, Bounds{1.0 / 1024, 1e9});
  visit.number("device.flash_kib", experiment.device.flash_kib, Bounds{1.0 / 1024, 1e9});
  visit.number("device.input_bytes", experiment.device.bytes.input, Bounds{1, 8});
  visit.number("device.activation_bytes", experiment.device.bytes.activation, Bounds{1, 8});
  visit.number("device.parameter_bytes", experiment.device.bytes.parameter, Bounds{1, 8});
  visit_switches(visit, experiment.switches);
  visit.choice("fitness.penalty", experiment.penalty);
  for (const auto& [key, measure] : fitness_terms) {
    double weight = experiment.fitness[measure];
    visit.number(std::string("fitness.") + key, weight, Bounds{0, 1e6});
    experiment.fitness.set(measure, weight);
  }
}

}  // namespace danas
