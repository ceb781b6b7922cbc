// Where the values of an axis stand, and which of them are written beside it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/chart.hpp"

namespace danas::report {

struct Range {
  double low = 1e300, high = -1e300;

  void include(double value) {
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
  bool empty() const { return low > high; }
};

class ChartScale {
 public:
  /// Of values of the range, with room around them.
  ChartScale(const Axis& axis, Range values);
  explicit ChartScale(const std::vector<std::string>& places);

  double share(double value) const;  ///< 0 at the lower end, 1 at the upper
  const std::vector<std::pair<double, std::string>>& ticks() const { return ticks_; }

 private:
  void fit_powers(Range values);
  void fit_numbers(const Axis& axis, Range values);

  bool powers_ = false;  ///< of two
  double low_ = 0, high_ = 1;
  std::vector<std::pair<double, std::string>> ticks_;
};

}  // namespace danas::report
