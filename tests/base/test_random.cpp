#define BOOST_TEST_MODULE base
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "base/random.hpp"

using danas::philox4x32_10;
using danas::Random;

namespace {

using Block = std::array<std::uint32_t, 4>;

// Pearson's statistic of counts that should be equal, as a number of standard deviations from its mean.
double chi_squared_deviation(const std::vector<int>& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double wanted = total / static_cast<double>(counts.size());
  double statistic = 0;
  for (const int count : counts) statistic += (count - wanted) * (count - wanted) / wanted;
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (statistic - freedom) / std::sqrt(2 * freedom);
}

}  // namespace

// The vectors of the Random123 distribution.
BOOST_AUTO_TEST_CASE(philox_known_answers) {
  BOOST_CHECK((philox4x32_10({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  BOOST_CHECK(
      (philox4x32_10({ones, ones, ones, ones}, {ones, ones}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  BOOST_CHECK((philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
               Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

BOOST_AUTO_TEST_CASE(a_stream_is_named_by_all_four_parts) {
  const auto first = [](Random random) { return (std::uint64_t{random.bits()} << 32) | random.bits(); };
  BOOST_CHECK_EQUAL(first(Random(1, "augment", 2, 3)), first(Random(1, "augment", 2, 3)));
  std::set<std::uint64_t> draws;
  for (std::uint64_t seed : {0, 1, 2})
    for (const char* purpose : {"augment", "init", "shuffle"})
      for (std::uint64_t a : {0, 1, 2})
        for (std::uint64_t b : {0, 1, 2}) draws.insert(first(Random(seed, purpose, a, b)));
  BOOST_CHECK_EQUAL(draws.size(), 81u);
}

BOOST_AUTO_TEST_CASE(streams_of_neighboring_counters_are_not_shifted_copies) {
  std::set<std::uint32_t> seen;
  for (std::uint64_t a = 0; a < 100; ++a) {
    Random random(7, "step", a);
    for (int i = 0; i < 100; ++i) seen.insert(random.bits());
  }
  // 10,000 draws of 32 bits: 0.012 collisions are expected.
  BOOST_CHECK_GE(seen.size(), 9998u);
}

BOOST_AUTO_TEST_CASE(uniform_is_uniform) {
  Random random(3, "uniform");
  std::vector<int> counts(64), pairs(64);
  double previous = 0;
  for (int i = 0; i < 64000; ++i) {
    const double draw = random.uniform();
    BOOST_REQUIRE(draw >= 0 && draw < 1);
    ++counts[static_cast<std::size_t>(draw * 64)];
    ++pairs[static_cast<std::size_t>(draw * 8) * 8 + static_cast<std::size_t>(previous * 8)];
    previous = draw;
  }
  BOOST_CHECK_LT(std::abs(chi_squared_deviation(counts)), 4);
  BOOST_CHECK_LT(std::abs(chi_squared_deviation(pairs)), 4);
  for (int i = 0; i < 1000; ++i) {
    const double draw = random.uniform(-2, 5);
    BOOST_REQUIRE(draw >= -2 && draw < 5);
  }
}

BOOST_AUTO_TEST_CASE(below_is_uniform_and_in_range) {
  Random random(4, "below");
  for (const std::uint64_t n : {1, 2, 3, 10, 97}) {
    std::vector<int> counts(n);
    for (std::uint64_t i = 0; i < 1000 * n; ++i) {
      const std::uint64_t draw = random.below(n);
      BOOST_REQUIRE_LT(draw, n);
      ++counts[draw];
    }
    if (n > 1) BOOST_CHECK_LT(chi_squared_deviation(counts), 5);
  }
  // A range of 3/4 of all numbers: plain `draw % n` would return the lowest third of them twice as often.
  const std::uint64_t n = std::uint64_t{3} << 62;
  std::vector<int> thirds(3);
  for (int i = 0; i < 30000; ++i) ++thirds[random.below(n) / (n / 3)];
  BOOST_CHECK_LT(chi_squared_deviation(thirds), 5);
}

BOOST_AUTO_TEST_CASE(normal_has_the_moments_of_the_normal_distribution) {
  Random random(5, "normal");
  constexpr int draws = 100000;
  double mean = 0, square = 0, fourth = 0;
  for (int i = 0; i < draws; ++i) {
    const double draw = random.normal();
    BOOST_REQUIRE(std::isfinite(draw));
    mean += draw / draws;
    square += draw * draw / draws;
    fourth += draw * draw * draw * draw / draws;
  }
  BOOST_CHECK_SMALL(mean, 5 * std::sqrt(1.0 / draws));
  BOOST_CHECK_SMALL(square - 1, 5 * std::sqrt(2.0 / draws));
  BOOST_CHECK_SMALL(fourth - 3, 5 * std::sqrt(96.0 / draws));
}

BOOST_AUTO_TEST_CASE(shuffle_gives_every_permutation_equally_often) {
  std::vector<int> counts(24);
  for (std::uint64_t trial = 0; trial < 24000; ++trial) {
    Random random(6, "shuffle", trial);
    std::vector<int> items{0, 1, 2, 3};
    random.shuffle(items);
    int rank = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto smaller = std::count_if(items.begin() + static_cast<std::ptrdiff_t>(i), items.end(),
                                         [&](int other) { return other < items[i]; });
      rank = rank * static_cast<int>(4 - i) + static_cast<int>(smaller);
    }
    ++counts[static_cast<std::size_t>(rank)];
  }
  BOOST_CHECK_LT(std::abs(chi_squared_deviation(counts)), 5);
}
