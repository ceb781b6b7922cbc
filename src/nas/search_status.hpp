// What a search's user is told as it goes, and whether the user wants it to stop.
#pragma once

#include <cstdint>
#include <string>

#include "nas/run_directory.hpp"
#include "nas/search.hpp"
#include "nas/search_clock.hpp"
#include "nas/work_estimate.hpp"

namespace danas {

class SearchStatus {
 public:
  SearchStatus(RunDirectory& run, const SearchObserver& observer, const std::atomic<bool>* interrupt,
               const SearchClock& clock, const WorkEstimate& work)
      : run_(run), observer_(observer), interrupt_(interrupt), clock_(clock), work_(work) {}

  void log(const std::string& line);
  /// `what` is `done` of `total` through. `unfinished`: the share done of the supernet at hand, or of how many systems as
  /// much work is done as is not on record yet.
  void progress(const std::string& what, std::int64_t done, std::int64_t total, double unfinished);
  /// The same of work that the estimate does not know: the search is no further by it. Throws where interrupted.
  void preparing(const std::string& what, std::int64_t done, std::int64_t total);

  const std::atomic<bool>* interrupt() const { return interrupt_; }
  bool interrupted() const { return interrupt_ != nullptr && *interrupt_; }
  void stop_if_interrupted() const;  ///< throws Error (Fault::interrupted)

 private:
  RunDirectory& run_;
  const SearchObserver& observer_;
  const std::atomic<bool>* interrupt_;
  const SearchClock& clock_;
  const WorkEstimate& work_;
};

}  // namespace danas
