// How fast something goes when nothing disturbs it.
#pragma once

#include <algorithm>

#include "base/stopwatch.hpp"

namespace danas {

/// Most work a second among runs of body() (which returns the work done) within `seconds`, at least three.
template <class Body>
double best_rate(double seconds, const Body& body) {
  double best = 0;
  const Stopwatch all;
  for (int run = 0; run < 3 || all.seconds() < seconds; ++run) {
    const Stopwatch one;
    const double work = body();
    best = std::max(best, work / one.seconds());
  }
  return best;
}

}  // namespace danas
