#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "base/random.hpp"
#include "nas/domination.hpp"
#include "nas/strategy.hpp"
#include "results/pareto_front.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The definition, place by place.
bool better(const Standing& a, const Standing& b) {
  if (a.excess == 0 && b.excess > 0) return true;
  if (a.excess > 0) return b.excess > a.excess;
  bool somewhere = false;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.values[i] < b.values[i]) return false;
    somewhere = somewhere || a.values[i] > b.values[i];
  }
  return somewhere;
}

// Those that nobody left beats are taken away, again and again.
std::vector<std::vector<std::size_t>> peel(const std::vector<Standing>& population) {
  std::set<std::size_t> left;
  for (std::size_t i = 0; i < population.size(); ++i) left.insert(i);
  std::vector<std::vector<std::size_t>> fronts;
  while (!left.empty()) {
    fronts.emplace_back();
    for (const std::size_t i : left)
      if (std::none_of(left.begin(), left.end(), [&](std::size_t j) { return better(population[j], population[i]); }))
        fronts.back().push_back(i);
    for (const std::size_t i : fronts.back()) left.erase(i);
  }
  return fronts;
}

// A grid, so that many are equal somewhere and some everywhere.
std::vector<Standing> draw_population(Random& random, std::size_t count, std::size_t values) {
  std::vector<Standing> population(count);
  for (Standing& each : population) {
    for (std::size_t i = 0; i < values; ++i) each.values.push_back(static_cast<double>(random.below(6)));
    if (random.below(3) == 0) each.excess = static_cast<double>(1 + random.below(4)) / 4;
    if (random.below(9) == 0) each.excess = infinity;
  }
  return population;
}

SearchSpace toy_space() {
  return {{32, 64, 96}, {Color::monochrome, Color::rgb}, {0.2, 0.4, 0.6, 0.8, 1.0}, {3, 4, 3, 0, 0}};
}

const Objectives toy_objectives{Measure::accuracy, Measure::flash_bytes};

// More of anything is more accurate and takes more memory.
Result toy_result(const System& system) {
  const ImageView image = *system.data.image();
  const Slice slice = system.architecture.slice();
  const double rgb = image.color == Color::rgb ? 1 : 0;
  double blocks = 1;
  for (const int depth : slice.depth) blocks += depth;
  const double ram = std::ceil(image.resolution * image.resolution * (1 + 2 * rgb) * slice.width);
  const double flash = std::ceil(1000 * slice.width * slice.width * blocks);
  const double size = slice.width * blocks * std::sqrt(image.resolution) * (1 + 0.2 * rgb);
  return {0,
          {{Measure::accuracy, size / (size + 8)}, {Measure::ram_bytes, ram}, {Measure::flash_bytes, flash}},
          std::max(0.0, ram / 12000 - 1)};
}

Standing toy_standing(const System& system) {
  const Result result = toy_result(system);
  return {objective_values(result.measures, toy_objectives), result.excess};
}

std::set<std::int64_t> toy_front() {
  const SearchSpace space = toy_space();
  std::vector<Standing> all;
  for (std::int64_t i = 0; i < space.size(); ++i) all.push_back(toy_standing(space.at(i)));
  std::set<std::int64_t> front;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (std::ranges::none_of(all, [&](const Standing& other) { return better(other, all[i]); }))
      front.insert(static_cast<std::int64_t>(i));
  return front;
}

std::vector<Proposal> search_toy(const SearchSpace& space, StrategyKind kind, std::uint64_t seed, std::size_t systems,
                                 int population) {
  SearchSettings settings;
  settings.strategy = kind;
  settings.population = population;
  settings.objectives = toy_objectives;
  const auto strategy = make_strategy(settings, space, seed);
  std::vector<Proposal> proposals;
  while (proposals.size() < systems)
    for (const Proposal& proposal : strategy->next(static_cast<std::int64_t>(systems - proposals.size()))) {
      strategy->tell(proposal.id, toy_result(proposal.system));
      proposals.push_back(proposal);
    }
  return proposals;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nsga2)

BOOST_AUTO_TEST_CASE(fronts_are_those_of_the_definition) {
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    Random random(1, "populations", trial);
    const auto population = draw_population(random, 1 + random.below(40), 1 + random.below(4));
    BOOST_TEST_REQUIRE((sort_into_fronts(population) == peel(population)));
    for (const Standing& a : population)
      for (const Standing& b : population) BOOST_TEST_REQUIRE(dominates(a, b) == better(a, b));
  }
  BOOST_TEST(sort_into_fronts({}).empty());
}

BOOST_AUTO_TEST_CASE(crowding_by_hand) {
  const std::vector<Standing> population{{{9, 0}}, {{4, 3}}, {{100, 100}}, {{0, 10}}, {{1, 6}}};
  const auto distances = crowding_distances(population, {0, 1, 3, 4});
  BOOST_TEST(distances[0] == infinity);
  BOOST_TEST(distances[1] == 8.0 / 9 + 6.0 / 10);
  BOOST_TEST(distances[2] == infinity);
  BOOST_TEST(distances[3] == 4.0 / 9 + 7.0 / 10);
  // Equal ones: of four the inner two have a neighbor of their own kind on one side.
  const auto equal = crowding_distances({{{0, 1}}, {{0, 1}}, {{1, 0}}, {{1, 0}}}, {0, 1, 2, 3});
  BOOST_TEST(equal == (std::vector<double>{infinity, infinity, infinity, infinity}), boost::test_tools::per_element());
  const auto flat = crowding_distances({{{5, 0}}, {{5, 0}}, {{5, 0}}}, {0, 1, 2});
  BOOST_TEST(flat == (std::vector<double>{infinity, 0, infinity}), boost::test_tools::per_element());
  BOOST_TEST(crowding_distances({{{7}}}, {0})[0] == infinity);
}

// Without equal values, a gap is that between the nearest above and the nearest below.
BOOST_AUTO_TEST_CASE(crowding_is_the_gap_between_neighbors) {
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    Random random(1, "gaps", trial);
    std::vector<Standing> population(3 + random.below(20));
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < population.size(); ++i) {
      population[i].values = {random.uniform(), random.uniform(), random.uniform()};
      front.push_back(i);
    }
    const auto distances = crowding_distances(population, front);
    for (const std::size_t i : front) {
      double expected = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        double low = -infinity, high = infinity, least = infinity, most = -infinity;
        for (const Standing& other : population) {
          const double value = other.values[k], own = population[i].values[k];
          if (value < own) low = std::max(low, value);
          if (value > own) high = std::min(high, value);
          least = std::min(least, value);
          most = std::max(most, value);
        }
        expected += (high - low) / (most - least);
      }
      if (std::isinf(expected)) BOOST_TEST(distances[i] == infinity);
      else BOOST_TEST(std::abs(distances[i] - expected) < 1e-12);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_best_come_first) {
  const std::vector<Standing> population{
      {{9, 9}, infinity},  // its training failed
      {{9, 9}, 0.5},       // over a limit
      {{0, 0}, 0.25},      // less so, though worse in everything
      {{2, 2}},            // dominated by the fifth
      {{3, 3}},            // the front from here: the middle of three is the most crowded,
      {{0, 8}},            // of equal ones the first comes first
      {{8, 0}},
  };
  BOOST_TEST(best_first(population) == (std::vector<std::size_t>{5, 6, 4, 3, 2, 1, 0}),
             boost::test_tools::per_element());
}

// A parent is one of the best of all that came before, and three times as often one of their better half.
BOOST_AUTO_TEST_CASE(parents_are_the_best_of_all) {
  constexpr std::int64_t population = 50;
  std::vector<std::int64_t> parents;  // the best first
  std::vector<Standing> standings;
  std::map<bool, int> chosen;
  for (const Proposal& proposal : search_toy({}, StrategyKind::nsga2, 3, 7 * population, population)) {
    BOOST_TEST(proposal.generation == (proposal.id - 1) / population);
    if (proposal.id > population && proposal.id % population == 1) {
      for (std::int64_t id = proposal.id - population; id < proposal.id; ++id) parents.push_back(id);
      std::ranges::sort(parents);
      std::vector<Standing> known;
      for (const std::int64_t id : parents) known.push_back(standings[static_cast<std::size_t>(id - 1)]);
      std::vector<std::int64_t> best;
      for (const std::size_t i : best_first(known)) best.push_back(parents[i]);
      best.resize(population);
      parents = best;
    }
    for (const std::int64_t id : proposal.parents) {
      const auto place = std::ranges::find(parents, id) - parents.begin();
      BOOST_TEST_REQUIRE(place < population);
      ++chosen[place < population / 2];
    }
    standings.push_back(toy_standing(proposal.system));
  }
  BOOST_TEST(chosen[true] > 2 * chosen[false]);
}

BOOST_AUTO_TEST_CASE(finds_more_of_a_known_front_than_random_drawing) {
  const std::set<std::int64_t> front = toy_front();
  const SearchSpace space = toy_space();
  const auto found = [&](StrategyKind kind, std::uint64_t seed) {
    return std::ranges::count_if(search_toy(space, kind, seed, 200, 10),
                                 [&](const Proposal& each) { return front.contains(space.index(each.system)); });
  };
  std::ptrdiff_t evolved = 0, drawn = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto a = found(StrategyKind::nsga2, seed), b = found(StrategyKind::random, seed);
    BOOST_TEST_CONTEXT("seed " << seed << ": " << a << " and " << b << " of " << front.size()) BOOST_TEST(a > b);
    evolved += a;
    drawn += b;
  }
  BOOST_TEST_MESSAGE(evolved << " and " << drawn << " of 5 · " << front.size());
  BOOST_TEST(evolved >= 2 * drawn);
}

// Results that were read back lead the same way, whatever lanes and threads there are.
BOOST_AUTO_TEST_CASE(a_search_goes_on_where_it_was_interrupted) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(
      folder.path(), {"search.strategy=nsga2", "search.population=3", "search.systems=9", "search.lanes=1"});
  int calls = 0;
  run_tiny(experiment, folder.path() / "whole", false, 1, [&](int call, auto&) { calls = call; });
  const Experiment in_lanes = tiny_experiment(
      folder.path(), {"search.strategy=nsga2", "search.population=3", "search.systems=9", "search.lanes=2"});
  const auto directory = folder.path() / "again";
  const auto interrupt = [&](int call, std::atomic<bool>& flag) { flag = flag || call == calls * 2 / 3; };
  BOOST_TEST(run_tiny(experiment, directory, false, 1, interrupt).interrupted);
  BOOST_TEST(!run_tiny(in_lanes, directory, true, 2).interrupted);
  check_same_results(results(folder.path() / "whole"), directory);
  BOOST_TEST(candidates_of(directory).back().generation == 2);
}

BOOST_AUTO_TEST_SUITE_END()
