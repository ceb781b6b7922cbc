#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <set>

#include "base/error.hpp"
#include "nas/search_space.hpp"

using namespace danas;

namespace {

bool one_step(const std::array<int, 5>& a, const std::array<int, 5>& b) {
  int distance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) distance += std::abs(a[i] - b[i]);
  return distance == 1;
}

// A depth vector by the rule alone, not by the space's list.
bool feasible(const System& system) {
  const std::array<int, 5> most{3, 4, 3, 3, 1};
  bool ended = false;
  for (std::size_t i = 0; i < most.size(); ++i) {
    const int blocks = system.architecture.slice().depth[i];
    if (blocks < 0 || blocks > most[i] || (ended && blocks > 0)) return false;
    ended = ended || blocks == 0;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(search_space)

BOOST_AUTO_TEST_CASE(size_of_the_papers_space) {
  const SearchSpace space;
  BOOST_TEST(space.data_configurations().size() == 14u);
  BOOST_TEST(space.slices().depths().size() == 268u);
  BOOST_TEST(space.slices().widths().size() == 10u);
  BOOST_TEST(space.size() == 37'520);
  BOOST_TEST(space.data_configurations().back().text() == "224-rgb");
}

BOOST_AUTO_TEST_CASE(index_and_text_name_every_system_once) {
  const SearchSpace space;
  std::set<std::string> texts;
  for (std::int64_t i = 0; i < space.size(); ++i) {
    const System system = space.at(i);
    BOOST_REQUIRE(feasible(system));
    BOOST_REQUIRE_EQUAL(space.index(system), i);
    BOOST_REQUIRE(parse_system(system.text()) == system);
    texts.insert(system.text());
  }
  BOOST_TEST(texts.size() == 37'520u);
  BOOST_CHECK_THROW(space.at(-1), Error);
  BOOST_CHECK_THROW(space.at(37'520), Error);
  BOOST_TEST(!space.contains(parse_system("48,rgb,1-1-1-1-1,0.5")));
}

// Chi-squared over all systems, and over depth vectors; limits at five standard deviations of the statistic.
BOOST_AUTO_TEST_CASE(sampling_is_uniform) {
  const SearchSpace space;
  constexpr int draws_per_system = 20;
  const std::int64_t draws = space.size() * draws_per_system;
  std::vector<int> counts(static_cast<std::size_t>(space.size()));
  std::map<std::array<int, 5>, std::int64_t> depths;
  Random random(7, "uniformity");
  for (std::int64_t i = 0; i < draws; ++i) {
    const System system = space.sample(random);
    ++counts[static_cast<std::size_t>(space.index(system))];
    ++depths[system.architecture.slice().depth];
  }
  const auto within = [](double statistic, double freedom) {
    return std::abs(statistic - freedom) < 5 * std::sqrt(2 * freedom);
  };
  double statistic = 0;
  for (const int count : counts) statistic += std::pow(count - draws_per_system, 2) / draws_per_system;
  BOOST_TEST(within(statistic, static_cast<double>(space.size() - 1)));
  const double expected = static_cast<double>(draws) / 268;
  statistic = 0;
  for (const auto& [depth, count] : depths) statistic += std::pow(static_cast<double>(count) - expected, 2) / expected;
  BOOST_TEST(depths.size() == 268u);
  BOOST_TEST(within(statistic, 267));
}

BOOST_AUTO_TEST_CASE(mutations_are_feasible_and_of_the_three_kinds) {
  const SearchSpace space;
  constexpr int trials = 100'000;
  int data = 0, depth = 0, width = 0;
  Random random(5, "mutations");
  System system = space.sample(random);
  for (int i = 0; i < trials; ++i) {
    const System child = space.mutate(system, random);
    BOOST_REQUIRE(space.contains(child));
    BOOST_REQUIRE(feasible(child));
    const bool data_moved = child.data != system.data;
    const bool depth_moved = child.architecture.slice().depth != system.architecture.slice().depth;
    const bool width_moved = child.architecture.slice().width != system.architecture.slice().width;
    BOOST_REQUIRE(data_moved + depth_moved + width_moved == 1);
    if (depth_moved) BOOST_REQUIRE(one_step(child.architecture.slice().depth, system.architecture.slice().depth));
    if (width_moved)
      BOOST_REQUIRE(std::abs(child.architecture.slice().width - system.architecture.slice().width) < 0.1001);
    data += data_moved;
    depth += depth_moved;
    width += width_moved;
    system = child;
  }
  const auto near = [&](int count, double share) {  // six standard deviations
    return std::abs(count - share * trials) < 6 * std::sqrt(trials * share * (1 - share));
  };
  BOOST_TEST(near(data, 0.4));
  BOOST_TEST(near(depth, 0.4));
  BOOST_TEST(near(width, 0.2));
}

BOOST_AUTO_TEST_CASE(crossovers_take_each_part_from_one_parent) {
  const SearchSpace space;
  Random random(6, "crossovers");
  int data_of_a = 0;
  for (int i = 0; i < 20'000; ++i) {
    const System a = space.sample(random), b = space.sample(random);
    const System child = space.cross(a, b, random);
    BOOST_REQUIRE(space.contains(child));
    const auto& architecture = child.architecture;
    BOOST_REQUIRE((child.data == a.data || child.data == b.data));
    BOOST_REQUIRE((architecture.slice().depth == a.architecture.slice().depth ||
                   architecture.slice().depth == b.architecture.slice().depth));
    BOOST_REQUIRE((architecture.slice().width == a.architecture.slice().width ||
                   architecture.slice().width == b.architecture.slice().width));
    data_of_a += child.data == a.data;
  }
  BOOST_TEST((data_of_a > 10'000 && data_of_a < 11'500));  // a half, and where the parents agree
}

BOOST_AUTO_TEST_CASE(moves_in_narrow_spaces_end) {
  Random random(8, "narrow");
  const SearchSpace one({96}, {Color::rgb}, {0.5}, {0, 0, 0, 0, 0});
  BOOST_TEST(one.size() == 1);
  BOOST_TEST((one.mutate(one.at(0), random) == one.at(0)));
  const SearchSpace one_data({96}, {Color::rgb}, {0.25, 0.5}, {1, 1, 0, 0, 0});
  const SearchSpace widths_only({96}, {Color::rgb}, {0.25, 0.5}, {0, 0, 0, 0, 0});
  const SearchSpace data_only({32, 96}, {Color::rgb}, {0.5}, {0, 0, 0, 0, 0});
  for (int i = 0; i < 1000; ++i) {
    for (const SearchSpace* space : {&one_data, &widths_only, &data_only}) {
      const System parent = space->sample(random), child = space->mutate(parent, random);
      BOOST_REQUIRE(space->contains(child));
      BOOST_REQUIRE(!(child == parent));
    }
  }
  BOOST_TEST(one_data.size() == 2 * 3);
  BOOST_CHECK_THROW(one.mutate(one_data.at(0), random), Error);
}

BOOST_AUTO_TEST_CASE(blocks_after_a_removed_stage_are_none) {
  const SearchSpace space({32}, {Color::rgb}, {0.5}, {2, 0, 1, 3, 1});
  BOOST_TEST((space.slices().most_blocks() == std::array<int, 5>{2, 0, 0, 0, 0}));
  BOOST_TEST(space.size() == 3);
}

BOOST_AUTO_TEST_CASE(bad_lists_are_refused) {
  BOOST_CHECK_THROW(SearchSpace({}, {Color::rgb}, {0.5}, {1, 0, 0, 0, 0}), Error);
  BOOST_CHECK_THROW(SearchSpace({32, 32}, {Color::rgb}, {0.5}, {1, 0, 0, 0, 0}), Error);
  BOOST_CHECK_THROW(SearchSpace({32}, {Color::rgb}, {0.5}, {4, 0, 0, 0, 0}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
