#include "results/rank_correlation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/random.hpp"

namespace danas {

namespace {

using Values = std::vector<double>;
using Drawn = std::vector<std::size_t>;  // indices of systems

int sign(double x) { return (x > 0) - (x < 0); }

double tau_of(const Values& a, const Values& b, const Drawn& drawn) {
  std::int64_t agreement = 0, different_a = 0, different_b = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      const int in_a = sign(a[drawn[i]] - a[drawn[k]]), in_b = sign(b[drawn[i]] - b[drawn[k]]);
      agreement += in_a * in_b;
      different_a += in_a != 0;
      different_b += in_b != 0;
    }
  if (different_a == 0 || different_b == 0) return 0;
  return static_cast<double>(agreement) /
         std::sqrt(static_cast<double>(different_a) * static_cast<double>(different_b));
}

Interval interval_of(std::size_t systems, std::uint64_t seed, int resamples,
                     const std::function<double(const Drawn&)>& statistic) {
  Random random(seed, "bootstrap");
  Drawn drawn(systems);
  Values values;
  for (int i = 0; i < resamples; ++i) {
    for (std::size_t& index : drawn) index = random.below(systems);
    values.push_back(statistic(drawn));
  }
  std::ranges::sort(values);
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
  };
  return {at(0.025), at(0.975)};
}

}  // namespace

double kendall_tau(const Values& a, const Values& b) {
  Drawn all(a.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return tau_of(a, b, all);
}

Interval tau_interval(const Values& a, const Values& b, std::uint64_t seed, int resamples) {
  return interval_of(a.size(), seed, resamples, [&](const Drawn& drawn) { return tau_of(a, b, drawn); });
}

Interval tau_difference_interval(const Values& a, const Values& b, const Values& truth, std::uint64_t seed,
                                 int resamples) {
  return interval_of(truth.size(), seed, resamples,
                     [&](const Drawn& drawn) { return tau_of(a, truth, drawn) - tau_of(b, truth, drawn); });
}

}  // namespace danas
