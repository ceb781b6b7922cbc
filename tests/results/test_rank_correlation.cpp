#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "results/rank_correlation.hpp"

using namespace danas;

namespace {

std::vector<double> noisy(const std::vector<double>& values, double noise, std::uint64_t seed) {
  Random random(seed, "test rank correlation");
  std::vector<double> result;
  for (const double value : values) result.push_back(value + noise * random.normal());
  return result;
}

std::vector<double> ramp(int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(i);
  return values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rank_correlation)

BOOST_AUTO_TEST_CASE(tau_is_what_is_worked_out_by_hand) {
  BOOST_TEST(kendall_tau({1, 2, 3}, {10, 20, 30}) == 1);
  BOOST_TEST(kendall_tau({1, 2, 3}, {3, 2, 1}) == -1);
  BOOST_TEST(kendall_tau({1, 2, 3, 4}, {1, 2, 4, 3}) == 4. / 6);  // five pairs agree, one does not
  BOOST_TEST(kendall_tau({1, 1, 2, 3}, {1, 2, 2, 3}) == 4. / 5);  // each has one tie among its six pairs
  BOOST_TEST(kendall_tau({7, 7, 7}, {1, 2, 3}) == 0);
}

BOOST_AUTO_TEST_CASE(an_interval_holds_tau_and_narrows_with_more_systems) {
  const auto width = [](const Interval& interval) { return interval.high - interval.low; };
  double before = 2;
  for (const int systems : {10, 40, 160}) {
    const std::vector<double> truth = ramp(systems), judged = noisy(truth, 0.3 * systems, 1);
    const double tau = kendall_tau(truth, judged);
    const Interval interval = tau_interval(truth, judged, 3, 400);
    BOOST_TEST(interval.low < tau);
    BOOST_TEST(interval.high > tau);
    BOOST_TEST(width(interval) < before);
    before = width(interval);
  }
}

// The true variance of τ where the sides have nothing to do with each other: 2(2n + 5)/(9n(n − 1)).
BOOST_AUTO_TEST_CASE(an_interval_is_as_wide_as_theory_says) {
  const int systems = 40;
  const std::vector<double> a = noisy(ramp(systems), 1e6, 5), b = noisy(ramp(systems), 1e6, 6);
  const Interval interval = tau_interval(a, b, 7);
  const double expected = 2 * 1.96 * std::sqrt(2. * (2 * systems + 5) / (9. * systems * (systems - 1)));
  BOOST_TEST(interval.high - interval.low > 0.7 * expected);
  BOOST_TEST(interval.high - interval.low < 1.4 * expected);
}

BOOST_AUTO_TEST_CASE(a_difference_is_seen_where_there_is_one) {
  const std::vector<double> truth = ramp(60), good = noisy(truth, 6, 1), poor = noisy(truth, 60, 2);
  const Interval better = tau_difference_interval(good, poor, truth, 1, 400);
  BOOST_TEST(better.low > 0);
  const Interval same = tau_difference_interval(good, good, truth, 1, 400);
  BOOST_TEST(same.low == 0);
  BOOST_TEST(same.high == 0);
}

BOOST_AUTO_TEST_SUITE_END()
