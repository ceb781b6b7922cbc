#include <boost/test/unit_test.hpp>

#include "base/random.hpp"
#include "report/front.hpp"

using namespace danas;
using report::Candidate;

namespace {

/// Few distinct values, so that ties are frequent.
std::vector<Candidate> random_candidates(Random& random) {
  std::vector<Candidate> candidates(random.below(60));
  const std::uint64_t values = 2 + random.below(12);
  for (Candidate& c : candidates) {
    c.scores.accuracy = static_cast<double>(random.below(values)) / 16;
    c.ram_bytes = static_cast<long long>(random.below(values));
    c.flash_bytes = static_cast<long long>(random.below(values));
    if (random.below(5) == 0) c.ram_violation = 1;
    if (random.below(5) == 0) c.flash_violation = 1;
  }
  return candidates;
}

bool is_beaten(const std::vector<Candidate>& all, std::size_t i) {
  for (std::size_t k = 0; k < all.size(); ++k) {
    const Candidate &a = all[k], &b = all[i];
    const bool no_worse = a.scores.accuracy >= b.scores.accuracy && a.ram_bytes <= b.ram_bytes &&
                          a.flash_bytes <= b.flash_bytes;
    const bool better = a.scores.accuracy > b.scores.accuracy || a.ram_bytes < b.ram_bytes ||
                        a.flash_bytes < b.flash_bytes;
    if (a.fits() && no_worse && (better || k < i)) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(front)

BOOST_AUTO_TEST_CASE(equals_brute_force) {
  Random random(3, "front");
  std::size_t members = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const std::vector<Candidate> candidates = random_candidates(random);
    std::vector<std::size_t> brute;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (candidates[i].fits() && !is_beaten(candidates, i)) brute.push_back(i);
    const std::vector<std::size_t> front = report::front_within_limits(candidates);
    BOOST_TEST(front == brute, boost::test_tools::per_element());
    members += brute.size();
  }
  BOOST_TEST(members > 400u);
}

BOOST_AUTO_TEST_CASE(staircase_is_the_best_with_at_most_that_much) {
  Random random(4, "front");
  for (int trial = 0; trial < 200; ++trial) {
    const std::vector<Candidate> candidates = random_candidates(random);
    const auto corners = report::staircase(candidates, &Candidate::ram_bytes);
    for (long long bytes = 0; bytes < 14; ++bytes) {
      double brute = -1, stairs = -1;
      for (const Candidate& c : candidates)
        if (c.fits() && c.ram_bytes <= bytes) brute = std::max(brute, c.scores.accuracy);
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
