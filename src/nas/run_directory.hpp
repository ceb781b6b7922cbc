// The run directory: what a search leaves, and what a resume needs. Every file is replaced whole or grows by whole
// lines.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/build.hpp"
#include "nas/candidate.hpp"
#include "nas/experiment.hpp"
#include "nn/layer.hpp"
#include "nn/trainer.hpp"

namespace danas {

/// Held by the one process that works in a run directory; given back when the process ends, however it ends.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& file);   ///< throws Error when another process holds it
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int descriptor_;
};

/// Throws Error where a new RunDirectory would: something is there, or nothing can be; creates nothing.
void check_new_run(const std::filesystem::path& directory);

/// Where runs go without `--out`, below the working directory.
inline const std::filesystem::path runs_folder = "runs";
/// Creates runs/NAME, or NAME-2, … after the newest of that name; safe against another process that does the same.
std::filesystem::path create_run_directory(const std::string& name);
/// The one with the highest number; throws Error when there is none.
std::filesystem::path newest_run_directory(const std::string& name);

class RunDirectory {
 public:
  /// `machine` describes the machine in experiment.toml's heading. `resume`: opens an existing run, refusing another
  /// experiment (its limits aside), another instruction set and, without `any_build`, another build; leftovers of a kill
  /// are cleaned up. Else creates the directory, which must not exist or be empty.
  RunDirectory(std::filesystem::path directory, const Experiment& experiment, const std::string& machine,
               const Build& build, bool resume, bool any_build = false);

  /// Throws Error where the run began with other images; `fingerprint` is the dataset's.
  void check_data(std::uint64_t fingerprint) const;

  const std::filesystem::path& path() const { return directory_; }
  std::filesystem::path supernet_file(const DataConfiguration& data) const;
  std::filesystem::path supernet_state_file() const { return directory_ / "state" / "supernet.safetensors"; }
  std::filesystem::path progress_file() const { return directory_ / "state" / "progress.json"; }
  std::filesystem::path model_file(std::int64_t id) const;
  std::filesystem::path layers_file(std::int64_t id) const;

  /// Rows on record, in the order in which they were appended.
  const std::vector<Candidate>& candidates() const { return candidates_; }
  const std::vector<Candidate>& finals() const { return finals_; }   ///< after final training, on validation
  const std::vector<Candidate>& tests() const { return tests_; }     ///< the same on test
  void append_candidate(const Candidate& candidate);
  void append_final(const Candidate& candidate);
  void append_test(const Candidate& candidate);

  /// training.csv. keep_trainings drops the rows for which `keep` says no: those of a training that is done again.
  void append_training(const std::string& training, const StepReport& report, double seconds);
  void keep_trainings(const std::function<bool(const std::string& training, std::int64_t step)>& keep);

  void write_layers(std::int64_t id, const LayerList& layers, const Device& device);
  void remove_model(std::int64_t id);                    ///< and its layer table
  void keep_models(const std::set<std::int64_t>& ids);   ///< removes those of all others
  /// front.csv: candidates after final training beside the same ones on test.
  void write_front(const std::vector<Candidate>& front, const std::vector<Candidate>& tests);
  void write_summary(const std::string& json);
  std::optional<std::string> summary() const;            ///< none: the search is not finished
  void remove_results();                                 ///< front.csv and summary.json, which more search would belie
  bool untouched() const;                       ///< whether nothing was trained in it yet
  void remove();                                ///< the whole directory; nothing may be called after that
  void log(const std::string& line);                     ///< appends to log.txt

 private:
  void create(const Experiment& experiment, const std::string& machine, const Build& build);
  void check_same(const Experiment& experiment) const;
  void check_build(const Build& build, bool any_build) const;
  void remove_leftovers() const;
  std::vector<Candidate> read_candidates(const std::filesystem::path& file) const;
  void append(const std::filesystem::path& file, const CsvFields& fields) const;

  std::filesystem::path directory_;
  std::unique_ptr<RunLock> lock_;
  std::vector<Candidate> candidates_, finals_, tests_;
};

}  // namespace danas
