// Where a search stands: what its user is told, clocks by phase, counts of images. Survives a resume.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/stopwatch.hpp"
#include "nas/run_directory.hpp"
#include "nas/search.hpp"
#include "nas/system_trainer.hpp"
#include "nas/work_estimate.hpp"

namespace danas {

class SearchStatus {
 public:
  /// Continues what state/progress.json says, where it is there. `since_begin` runs since the phase "data" began.
  SearchStatus(RunDirectory& run, const SearchObserver& observer, const std::atomic<bool>* interrupt,
               const Stopwatch& since_begin);

  void log(const std::string& line);
  /// The supernet or system at hand is `done` of `total` through.
  void progress(const std::string& what, std::int64_t done, std::int64_t total);

  bool interrupted() const { return interrupt_ != nullptr && *interrupt_; }
  void stop_if_interrupted() const;  ///< throws Error (Fault::interrupted)

  /// Time goes to this phase from now on: "data", "supernets", "candidates", "final".
  void enter(const std::string& phase);
  double elapsed() const;                 ///< seconds of all sessions
  void at_least(double elapsed_seconds);  ///< what rows on record say, should the state be older

  /// The same of work that the estimate does not know: the search is no further by it.
  void preparing(const std::string& what, std::int64_t done, std::int64_t total);
  void attach(const SystemTrainer& trainer, const WorkEstimate& work) {
    trainer_ = &trainer;
    work_ = &work;
  }
  /// A set of images and how it is kept; saved before anything that was made from it is on record.
  void note_cache(const std::string& set, const std::string& text) { caches_[set] = text; }
  const std::map<std::string, std::string>& caches() const { return caches_; }  ///< of all sessions
  void save();                                                                  ///< state/progress.json
  std::map<std::string, double> seconds() const;                                ///< by phase, with the total
  std::int64_t images_trained() const;
  std::int64_t images_evaluated() const;
  double peak_memory_mib() const;  ///< of the session that took most

 private:
  RunDirectory& run_;
  const SearchObserver& observer_;
  const std::atomic<bool>* interrupt_;
  const SystemTrainer* trainer_ = nullptr;
  const WorkEstimate* work_ = nullptr;
  std::map<std::string, double> seconds_;
  std::map<std::string, std::string> caches_;
  double unaccounted_ = 0;                                  ///< seconds of no phase, lost by a kill but seen in rows
  std::int64_t images_trained_ = 0, images_evaluated_ = 0;  ///< of earlier sessions
  double peak_memory_mib_ = 0;                              ///< of earlier sessions
  std::string phase_ = "data";
  Stopwatch since_entered_;
};

}  // namespace danas
