// What a run directory says (interfaces.md, "Run directory"), checked and in memory.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace danas::report {

struct Scores {
  double accuracy = 0, precision = 0, recall = 0, f1 = 0;  ///< in [0, 1]
};

/// A row of candidates.csv or front.csv.
struct Candidate {
  std::string id, data, architecture, origin, split;  ///< data "96-monochrome", architecture "2-3-1-0-0 0.5"
  std::string twin_of;                                ///< id of the system that is the same network; empty: none before
  bool fallback = false;                              ///< front.csv only: final training diverged
  long long generation = 0;
  Scores scores;                                      ///< on `split`
  std::optional<Scores> test;                         ///< front.csv only
  long long parameters = 0, macs = 0;
  long long ram_bytes = 0, flash_bytes = 0, ram_violation = 0, flash_violation = 0;
  double fitness = 0, elapsed_seconds = 0;

  bool fits() const { return ram_violation == 0 && flash_violation == 0; }
};

struct TrainingPoint {
  double step = 0, loss = 0, accuracy = 0;            ///< loss may be nan or inf: training can diverge
};
struct Training {
  std::string name;                                   ///< "supernet 96-monochrome", "final 17"
  std::vector<TrainingPoint> points;
};

/// A row of models/ID.layers.csv.
struct Layer {
  std::string name, kind;
  long long in_height = 0, in_width = 0, in_channels = 0, out_height = 0, out_width = 0, out_channels = 0;
  long long parameters = 0, parameters_folded = 0, macs = 0, ram_bytes = 0, flash_bytes = 0;
};

/// What experiment.toml says of itself; limits are missing where the file or the key is.
struct Settings {
  std::string text;                                   ///< the file as it is
  std::string name, device;
  std::optional<long long> ram_limit, flash_limit;    ///< bytes
};

/// summary.json, for people: labels and texts.
struct Summary {
  std::string best_id;                                ///< empty where it names none
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<std::pair<std::string, double>> seconds;  ///< by phase
  std::vector<std::string> problems;
  std::optional<long long> test_images;
};

struct Run {
  std::filesystem::path directory;
  std::string label;                                  ///< name of the directory
  Settings settings;
  std::vector<Candidate> candidates;                  ///< in the order they were evaluated
  std::vector<std::string> diverged;                  ///< ids of systems left out: their training diverged
  std::vector<Candidate> front;                       ///< front.csv, else computed from candidates
  std::vector<Training> trainings;                    ///< supernets and finals, in order of appearance
  std::map<std::string, std::vector<Layer>> layers;  ///< by id, for those of the front
  std::optional<Summary> summary;
  bool front_from_file = false;
  bool dropped_tail = false;                          ///< an unfinished last line was left out
  std::optional<std::size_t> best;                    ///< in `front`: the best that keeps the limits

  bool finished() const { return summary.has_value() && front_from_file; }
  /// The system's row of front.csv, measured after its final training; null where there is none.
  const Candidate* final_of(const std::string& id) const;
  /// The candidates, each with its latest scores: after the final training, else as the search saw it.
  std::vector<Candidate> latest() const;
};

/// Throws Error naming the file (and line) that is missing or broken. candidates.csv alone must exist; columns that newer versions
/// added may be missing.
Run read_run(const std::filesystem::path& directory);

/// experiment.toml's text; throws Error naming `where`.
Settings parse_settings(const std::string& text, const std::string& where);
/// summary.json's text; throws Error naming `where`.
Summary parse_summary(const std::string& text, const std::string& where);

}  // namespace danas::report
