#include "nas/search_clock.hpp"

#include <algorithm>
#include <numeric>

namespace danas {

void SearchClock::enter(SearchPhase phase) {
  seconds_[static_cast<std::size_t>(phase_)] += since_entered_.lap();
  phase_ = phase;
}

double SearchClock::elapsed() const {
  return std::accumulate(seconds_.begin(), seconds_.end(), unaccounted_ + since_entered_.seconds());
}

void SearchClock::at_least(double elapsed_seconds) { unaccounted_ += std::max(0.0, elapsed_seconds - elapsed()); }

void SearchClock::at_least(SearchPhase phase, double seconds) {
  double& spent = seconds_[static_cast<std::size_t>(phase)];
  spent = std::max(spent, seconds);
}

std::map<std::string, double> SearchClock::by_phase() const {
  std::map<std::string, double> result;
  for (std::size_t phase = 0; phase < seconds_.size(); ++phase) result[names<SearchPhase>[phase]] = seconds_[phase];
  result[name_of(phase_)] += since_entered_.seconds();
  return result;
}

void SearchClock::restore(const std::map<std::string, double>& seconds) {
  for (std::size_t phase = 0; phase < seconds_.size(); ++phase)
    if (const auto found = seconds.find(names<SearchPhase>[phase]); found != seconds.end())
      seconds_[phase] += found->second;
}

}  // namespace danas
