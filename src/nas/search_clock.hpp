// Where a search's time goes, by phase, over all its sessions.
#pragma once

#include <array>
#include <map>
#include <string>

#include "base/names.hpp"
#include "base/stopwatch.hpp"

namespace danas {

enum class SearchPhase { data, supernets, candidates, final };
template <>
inline constexpr std::array names<SearchPhase>{"data", "supernets", "candidates", "final"};

class SearchClock {
 public:
  /// In the phase "data", which began when the stopwatch did.
  explicit SearchClock(const Stopwatch& since_begin) : since_entered_(since_begin) {}

  void enter(SearchPhase phase);                       ///< time goes to this phase from now on
  double elapsed() const;                              ///< seconds of all sessions
  void at_least(double elapsed_seconds);               ///< what rows on record say, should the state be older
  void at_least(SearchPhase phase, double seconds);    ///< what the phase's work is known to have cost
  std::map<std::string, double> by_phase() const;      ///< seconds up to now
  void restore(const std::map<std::string, double>&);  ///< adds those of earlier sessions

 private:
  std::array<double, names<SearchPhase>.size()> seconds_{};
  double unaccounted_ = 0;  ///< of no phase, lost by a kill but seen in rows
  SearchPhase phase_ = SearchPhase::data;
  Stopwatch since_entered_;
};

}  // namespace danas
