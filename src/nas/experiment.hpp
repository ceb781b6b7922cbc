// Experiment files: everything a search needs to know, in TOML.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "data/dataset.hpp"
#include "nas/device.hpp"
#include "nas/fitness.hpp"
#include "nas/protocol.hpp"
#include "nas/search_space.hpp"
#include "nn/trainer.hpp"
#include "results/pareto_front.hpp"
#include "tensor/precision.hpp"

namespace danas {

enum class StrategyKind { genetic, random, exhaustive, nsga2 };
template <>
inline constexpr std::array names<StrategyKind>{"genetic", "random", "exhaustive", "nsga2"};

enum class FirstPopulation {
  spread,  ///< each data configuration in turn, in an order drawn by the seed; architectures at random
  random
};
template <>
inline constexpr std::array names<FirstPopulation>{"spread", "random"};

struct SearchSettings {
  StrategyKind strategy = StrategyKind::genetic;
  std::optional<std::uint64_t> seed;  ///< of the strategy alone; none: the experiment's, as for everything else
  std::optional<double> hours;        ///< wall clock; at least one of hours and systems is set
  std::optional<std::int64_t> systems;
  int population = 10;
  /// Of strategies that breed. The published protocol's default is random, and Switches::breed_in_order always is.
  FirstPopulation first_population = FirstPopulation::spread;
  double crossover = 0.2;       ///< share of new systems; the others are mutations
  bool skip_violators = false;  ///< systems over the device's limits are not trained (Outcome::skipped)
  std::int64_t recalibration_images = 4096;
  int evaluation_batch = 128;
  Objectives objectives = default_objectives;  ///< of the front, and of nsga2
  std::optional<int> lanes;                    ///< candidates side by side; none: as many as pay. Changes no result
};

/// What a step of a supernet's training trains.
enum class SupernetScheme {
  full,       ///< the whole supernet, as the paper does
  random,     ///< one slice of the search space, drawn at random
  alternate,  ///< the one and the other in turn
  sandwich    ///< together: the whole, the smallest slice and two at random
};
template <>
inline constexpr std::array names<SupernetScheme>{"full", "random", "alternate", "sandwich"};

/// Whose supernet a slice is of.
enum class SupernetSharing {
  none,        ///< each data configuration has its own
  resolutions  ///< one a color, each step of which sees images of one resolution, drawn at random
};
template <>
inline constexpr std::array names<SupernetSharing>{"none", "resolutions"};

struct SliceSettings {
  /// The published protocol's default is full, and that of trainings in micro-batches.
  SupernetScheme scheme = SupernetScheme::random;
  double fitting = 0.5;  ///< share of the slices at random that is drawn among those within the device's limits
  SupernetSharing shared = SupernetSharing::none;
};

struct EngineSettings {
  Precision precision =
      Precision::f32;   ///< changes results; 16 bits take a GPU: f16 Volta or later, bf16 Ampere or later
  int micro_batch = 0;  ///< of all trainings (TrainingSettings::micro_batch)
};

struct Experiment {
  std::string name = "experiment";
  std::uint64_t seed = 1;
  Protocol protocol = Protocol::corrected;
  Switches switches;
  DataSettings data;
  SearchSpace space;
  TrainingSettings supernet, finetune;  ///< of slices; finetune has no steps unless told, or the scheme is full
  SliceSettings slices;                 ///< [supernet] shared, scheme and fitting
  TrainingSettings scratch;             ///< of stacks
  TrainingSettings final_training;      ///< [final]
  SearchSettings search;
  EngineSettings engine;
  Device device;
  Measures fitness = equal_weights();  ///< weights of its terms
  Penalty penalty = Penalty::proportional;

  /// What every candidate is trained by.
  const TrainingSettings& candidate_training() const { return space.sliced() ? finetune : scratch; }
  std::uint64_t search_seed() const { return search.seed.value_or(seed); }
  /// What the scores of the search are taken on.
  Split selection_split() const { return switches.select_on_test ? Split::test : Split::validation; }
  /// Everything as TOML with all defaults written out; parses back to the same experiment.
  std::string to_toml() const;
};

/// Reads and checks an experiment file. `overrides` are "key=value" with dotted keys ("search.systems=20"), values in
/// TOML, bare words taken as strings. Unknown keys and wrong types are errors that name key, line and the nearest
/// known key. ~ and $NAME are expanded; relative paths are relative to the file, those beginning with a variable to
/// the working folder.
Experiment read_experiment(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});
Experiment parse_experiment(const std::string& toml, const std::filesystem::path& file,
                            const std::vector<std::string>& overrides = {});

}  // namespace danas
