// What a search's sessions add up to beside its rows: time, images, caches, peak memory. Kept in state/progress.json.
// Saving it saves the rows before it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "nas/run_directory.hpp"
#include "nas/search_clock.hpp"
#include "nas/system_trainer.hpp"

namespace danas {

class SearchState {
 public:
  /// Goes on from what the file says, where it is there; throws Error where that is no such state. `since_begin` runs since
  /// the phase "data" began.
  SearchState(RunDirectory& run, const Stopwatch& since_begin);

  SearchClock clock;
  ImageCounts counts;
  std::map<std::string, std::string> caches;  ///< how each set of images is kept, of all sessions

  double peak_memory_mib() const;  ///< of the session that took most
  void save();
  void save_now_and_then();  ///< every few seconds

 private:
  RunDirectory& run_;
  double earlier_peak_mib_ = 0;
  Stopwatch since_saved_;
};

}  // namespace danas
