#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "base/random.hpp"
#include "report/staircase.hpp"

using namespace danas;

namespace {

/// Few distinct values, so that ties are frequent.
std::vector<Candidate> random_candidates(Random& random) {
  std::vector<Candidate> candidates(random.below(60));
  const std::uint64_t values = 2 + random.below(12);
  for (Candidate& c : candidates) {
    c.measures = {{Measure::accuracy, static_cast<double>(random.below(values)) / 16},
                  {Measure::ram_bytes, static_cast<double>(random.below(values))}};
    c.violation = {{Measure::ram_bytes, random.below(5) == 0 ? 1 : 0},
                   {Measure::flash_bytes, random.below(5) == 0 ? 1 : 0}};
  }
  return candidates;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(staircase)

BOOST_AUTO_TEST_CASE(it_is_the_best_with_at_most_that_much) {
  Random random(4, "front");
  for (int trial = 0; trial < 200; ++trial) {
    const std::vector<Candidate> candidates = random_candidates(random);
    const auto corners = report::staircase(candidates, Measure::ram_bytes);
    for (long long bytes = 0; bytes < 14; ++bytes) {
      double brute = -1, stairs = -1;
      for (const Candidate& c : candidates)
        if (c.fits() && c.measures.count(Measure::ram_bytes) <= bytes)
          brute = std::max(brute, c.measures[Measure::accuracy]);
      for (const auto& [corner, accuracy] : corners)
        if (corner <= bytes) stairs = accuracy;
      BOOST_TEST(stairs == brute);
    }
    for (std::size_t i = 1; i < corners.size(); ++i) {
      BOOST_TEST(corners[i].first > corners[i - 1].first);
      BOOST_TEST(corners[i].second > corners[i - 1].second);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
