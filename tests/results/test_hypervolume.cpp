#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "base/random.hpp"
#include "results/hypervolume.hpp"

using namespace danas;

namespace {

const Objectives objectives{Measure::accuracy, Measure::ram_bytes, Measure::flash_bytes};
const Measures worst{{Measure::accuracy, 0.5}, {Measure::ram_bytes, 8}, {Measure::flash_bytes, 8}};

Measures system(double accuracy, double ram, double flash) {
  return {{Measure::accuracy, accuracy}, {Measure::ram_bytes, ram}, {Measure::flash_bytes, flash}};
}

// The middles of a grid's cells that somebody dominates: exact for values on the grid.
double counted(const std::vector<Measures>& systems) {
  constexpr int cells = 8;
  int covered = 0;
  for (int a = 0; a < cells; ++a)
    for (int r = 0; r < cells; ++r)
      for (int f = 0; f < cells; ++f)
        covered += std::ranges::any_of(systems, [&](const Measures& s) {
          return 1 - s[Measure::accuracy] < (a + 0.5) / 16 && s[Measure::ram_bytes] < r + 0.5 &&
                 s[Measure::flash_bytes] < f + 0.5;
        });
  return static_cast<double>(covered) / (cells * cells * cells);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hypervolume_tests)

BOOST_AUTO_TEST_CASE(a_front_covers_what_is_worked_out_by_hand) {
  BOOST_TEST(hypervolume({}, objectives, worst) == 0);
  BOOST_TEST(hypervolume({system(1, 0, 0)}, objectives, worst) == 1);
  BOOST_TEST(hypervolume({system(0.75, 4, 2)}, objectives, worst) == 0.5 * 0.5 * 0.75);
  // Two boxes less what they share.
  BOOST_TEST(hypervolume({system(0.75, 4, 2), system(0.875, 6, 4)}, objectives, worst) ==
             0.1875 + 0.75 * 0.25 * 0.5 - 0.5 * 0.25 * 0.5);
  BOOST_TEST(hypervolume({system(0.75, 4, 2)}, {Measure::accuracy}, worst) == 0.5);
}

BOOST_AUTO_TEST_CASE(what_is_not_better_than_the_worst_adds_nothing) {
  const std::vector<Measures> outside{system(0.5, 1, 1), system(0.25, 1, 1), system(0.75, 8, 1), system(0.75, 1, 9)};
  BOOST_TEST(hypervolume(outside, objectives, worst) == 0);
}

BOOST_AUTO_TEST_CASE(it_is_the_share_of_cells_that_a_count_finds) {
  Random random(5, "test hypervolume");
  for (int round = 0; round < 100; ++round) {
    std::vector<Measures> systems;
    for (auto left = random.below(12); left > 0; --left)
      systems.push_back(system(static_cast<double>(random.below(17)) / 16, static_cast<double>(random.below(10)),
                               static_cast<double>(random.below(10))));
    BOOST_TEST(std::abs(hypervolume(systems, objectives, worst) - counted(systems)) < 1e-12);
  }
}

BOOST_AUTO_TEST_SUITE_END()
