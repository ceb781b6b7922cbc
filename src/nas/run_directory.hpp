// The run directory while a search works in it. Every file is replaced whole or grows by whole lines. Rows that are
// appended wait for flush(): a process that is killed loses those since the last, and works them out again.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/build.hpp"
#include "nas/experiment.hpp"
#include "nas/row_file.hpp"
#include "nas/run_lock.hpp"
#include "results/candidate.hpp"
#include "results/layer_table.hpp"
#include "results/run_files.hpp"
#include "results/training_table.hpp"

namespace danas {

/// Throws Error where a new RunDirectory would: something is there, or nothing can be; creates nothing.
void check_new_run(const std::filesystem::path& directory);

class RunDirectory {
 public:
  /// `machine` describes the machine in experiment.toml's heading. `resume`: opens an existing run, refusing another
  /// experiment (hours, systems and lanes aside), another instruction set and, without `any_build`, another build;
  /// leftovers of a kill are cleaned up. Else creates the directory, which must not exist or be empty.
  RunDirectory(const std::filesystem::path& directory, const Experiment& experiment, const std::string& machine,
               const Build& build, bool resume, bool any_build = false);

  const RunFiles& files() const { return files_; }

  /// Rows on record, in the order in which they were appended.
  const std::vector<Candidate>& candidates() const { return candidates_; }
  const std::vector<Candidate>& finals() const { return finals_; }  ///< after final training, on validation
  const std::vector<Candidate>& tests() const { return tests_; }    ///< the same on test
  void append_candidate(const Candidate& candidate);
  void append_final(const Candidate& candidate);
  void append_test(const Candidate& candidate);

  /// training.csv. keep_trainings drops the rows for which `keep` says no: those of a training that is done again.
  void append_training(const TrainingRow& row);
  void keep_trainings(const std::function<bool(const Training& training, std::int64_t step)>& keep);

  /// Returns when all of it is on the disk: rows of trainings first, as those of systems say that they are over.
  void flush();

  void write_layers(std::int64_t id, const std::vector<LayerRow>& layers);
  /// Removes it and its layer table, once the row is on the disk by which it is not wanted any more.
  void remove_model(std::int64_t id) { superseded_models_.push_back(id); }
  void keep_models(const std::set<std::int64_t>& ids);  ///< removes those of all others
  void write_front(const std::vector<FrontRow>& front);
  void write_summary(const std::string& json);
  std::optional<std::string> summary() const;  ///< none: the search is not finished
  void remove_results();                       ///< front.csv and summary.json, which more search would belie
  bool untouched() const;                      ///< whether nothing was trained in it yet
  void remove();                               ///< the whole directory; nothing may be called after that
  void log(const std::string& line);           ///< appends to log.txt

 private:
  void create(const Experiment& experiment, const std::string& machine, const Build& build);
  void remove_leftovers() const;

  RunFiles files_;
  std::unique_ptr<RunLock> lock_;
  RowFile new_trainings_, new_candidates_, new_finals_, new_tests_;
  std::vector<Candidate> candidates_, finals_, tests_;
  std::vector<std::int64_t> superseded_models_;
};

}  // namespace danas
