// A run directory in memory, checked, as the report shows it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/candidate.hpp"
#include "results/layer_table.hpp"
#include "results/pareto_front.hpp"
#include "results/run_files.hpp"
#include "results/summary.hpp"
#include "results/training_table.hpp"

namespace danas::report {

/// The rows of one training.
struct Curve {
  Training training;
  std::vector<TrainingRow> rows;
};

/// What experiment.toml says of itself; limits are missing where the file or the key is.
struct Settings {
  std::string text;  ///< the file as it is
  std::string name, device;
  std::int64_t seed = 1;
  std::string data_kind, data_name;      ///< "folders"; "pets", the last folder of the path, else the kind
  std::string data, space, training;     ///< [data] as far as it says what is seen; [space]; [supernet] and [finetune]
  std::int64_t data_configurations = 1;  ///< that the search chooses from
  std::string input;                     ///< the only one of images: "96-rgb"; else empty
  std::int64_t input_values = 0;         ///< of that: its pixels times colors; else 0
  std::int64_t systems = 0;              ///< of a space of slices; 0: not known
  std::string strategy = "genetic";
  bool from_scratch = false;  ///< supernets are not trained, so that fine-tuning trains every system from the beginning
  std::string switches;       ///< those that are on: "fresh_heads, keep_statistics"; "all"
  std::string network_switches;                     ///< of these, those that act on a candidate's weights or their use
  bool stacks = false;                              ///< networks of layers, without supernets: the naive search
  std::optional<long long> ram_limit, flash_limit;  ///< bytes
  Objectives objectives = default_objectives;       ///< of the front
  bool violators = false;                           ///< of limits may be on the front

  bool of_sounds() const { return data_kind == "toyadmos" || data_kind == "audio_folders"; }
  const char* items() const { return of_sounds() ? "sounds" : "images"; }
};

struct Run {
  RunFiles files{""};
  std::string label;  ///< name of the directory
  Settings settings;
  std::vector<Candidate> candidates;                     ///< in the order they were evaluated, but those left out
  std::vector<std::int64_t> skipped;                     ///< ids of systems left out: they were not trained
  std::vector<std::int64_t> diverged;                    ///< ids of systems left out: their training diverged
  std::vector<Candidate> finals;                         ///< after their final training, where that is on record
  std::vector<FrontRow> front;                           ///< front.csv, else computed from candidates
  std::vector<Curve> curves;                             ///< supernets and finals, in order of appearance
  std::map<std::int64_t, std::vector<LayerRow>> layers;  ///< by id, for those of the front
  std::optional<SummaryFacts> summary;
  bool front_from_file = false;
  bool dropped_tail = false;        ///< an unfinished last line was left out
  std::optional<std::size_t> best;  ///< in `front`: the best that keeps the limits

  /// The split that the search selected by.
  std::string split() const { return candidates.empty() ? "validation" : candidates.front().split; }
  bool finished() const { return summary.has_value() && front_from_file; }
  /// The system's row of front.csv, measured after its final training; null where there is none.
  const FrontRow* final_of(std::int64_t id) const;
  /// The candidates, each with its latest scores: after the final training, else as the search saw it.
  std::vector<Candidate> latest() const;
};

/// Throws Error naming the file (and line) that is missing or broken. candidates.csv alone must exist.
Run read_run(const std::filesystem::path& directory);

/// The last part of its path, whatever way that is written.
std::string directory_label(const std::filesystem::path& directory);

/// experiment.toml's text; throws Error naming `where`.
Settings parse_settings(const std::string& text, const std::string& where);

}  // namespace danas::report
