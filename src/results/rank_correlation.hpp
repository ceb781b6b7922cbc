// Whether two ways of judging the same systems rank them alike.
#pragma once

#include <cstdint>
#include <vector>

namespace danas {

/// Kendall's τ-b (Kendall, 1945), in [-1, 1]; 0 where all values of one side are equal. Both have a value a system.
double kendall_tau(const std::vector<double>& a, const std::vector<double>& b);

struct Interval {
  double low = 0, high = 0;
};

/// 95 % of the values of τ over `resamples` draws of as many systems, with replacement (Efron, 1979): the percentiles 2.5 and
/// 97.5. A pure function of its arguments.
Interval tau_interval(const std::vector<double>& a, const std::vector<double>& b, std::uint64_t seed,
                      int resamples = 2000);
/// The same of τ(a, truth) - τ(b, truth), each draw of the same systems for both (a paired bootstrap).
Interval tau_difference_interval(const std::vector<double>& a, const std::vector<double>& b,
                                 const std::vector<double>& truth, std::uint64_t seed, int resamples = 2000);

}  // namespace danas
