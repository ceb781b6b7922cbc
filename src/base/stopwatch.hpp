// How long something takes, by the clock that nobody sets.
#pragma once

#include <chrono>
#include <utility>

namespace danas {

class Stopwatch {
 public:
  /// Since it was made, or the last lap.
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  /// The same, and the next lap begins.
  double lap() {
    const Clock::time_point now = Clock::now();
    return std::chrono::duration<double>(now - std::exchange(begin_, now)).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace danas
