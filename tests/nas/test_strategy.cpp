#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

#include "base/csv.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/strategy.hpp"

using namespace danas;

namespace {

constexpr StrategyKind all_kinds[] = {StrategyKind::genetic, StrategyKind::random, StrategyKind::exhaustive,
                                      StrategyKind::nsga2};

double made_up_fitness(const SearchSpace& space, const System& system) {
  return static_cast<double>(space.index(system) % 101) / 101;
}

Result made_up_result(const SearchSpace& space, const System& system) {
  const auto share = [&](std::int64_t modulus) {
    return static_cast<double>(space.index(system) % modulus) / static_cast<double>(modulus);
  };
  return {made_up_fitness(space, system),
          {{Measure::accuracy, share(101)}, {Measure::ram_bytes, share(53)}, {Measure::flash_bytes, share(29)}},
          share(5) < 0.5 ? 0 : share(17)};
}

// `at_once` are asked for at a time.
std::vector<Proposal> propose(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed, int most,
                              std::int64_t at_once = 1) {
  const auto strategy = make_strategy(settings, space, seed);
  std::vector<Proposal> proposals;
  while (static_cast<int>(proposals.size()) < most) {
    const auto next = strategy->next(std::min<std::int64_t>(at_once, most - static_cast<int>(proposals.size())));
    if (next.empty()) break;
    for (const Proposal& proposal : next) strategy->tell(proposal.id, made_up_result(space, proposal.system));
    proposals.insert(proposals.end(), next.begin(), next.end());
  }
  return proposals;
}

SearchSettings settings_of(StrategyKind strategy) {
  SearchSettings settings;
  settings.strategy = strategy;
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(strategies)

BOOST_AUTO_TEST_CASE(every_strategy_lists_a_whole_small_space_once_and_ends) {
  const SearchSpace space({32, 64}, {Color::monochrome, Color::rgb}, {0.25, 0.5, 1.0}, {1, 1, 1, 0, 0});
  for (const StrategyKind kind : all_kinds) {
    BOOST_TEST_CONTEXT(name_of(kind)) {
      const auto proposals = propose(settings_of(kind), space, 3, 1000);
      std::set<std::int64_t> indices;
      for (std::size_t i = 0; i < proposals.size(); ++i) {
        BOOST_TEST(proposals[i].id == static_cast<std::int64_t>(i) + 1);
        indices.insert(space.index(proposals[i].system));
      }
      BOOST_TEST(indices.size() == proposals.size());
      BOOST_TEST(static_cast<std::int64_t>(indices.size()) == space.size());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_population_larger_than_the_space) {
  const SearchSpace space({32}, {Color::rgb}, {0.5, 1.0}, {0, 0, 0, 0, 0});
  BOOST_TEST(propose(settings_of(StrategyKind::genetic), space, 1, 100).size() == 2u);
}

BOOST_AUTO_TEST_CASE(genetic_generations) {
  const SearchSpace space;
  SearchSettings settings;
  const auto proposals = propose(settings, space, 11, 2010);
  BOOST_REQUIRE(proposals.size() == 2010u);
  std::set<std::int64_t> indices;
  int crossovers = 0, mutations = 0;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const Proposal& proposal = proposals[i];
    indices.insert(space.index(proposal.system));
    BOOST_TEST(proposal.generation == (i < 10 ? 0 : static_cast<std::int64_t>(i - 10) / 5 + 1));
    for (const std::int64_t parent : proposal.parents) BOOST_TEST(parent < proposal.id);
    crossovers += proposal.origin == "crossover";
    mutations += proposal.origin == "mutation";
    if (proposal.origin == "crossover")
      BOOST_TEST((proposal.parents.size() == 2 && proposal.parents[0] != proposal.parents[1]));
    if (proposal.origin == "mutation") BOOST_TEST(proposal.parents.size() == 1u);
    if (i < 10) BOOST_TEST(proposal.origin == "random");
  }
  BOOST_TEST(indices.size() == 2010u);
  BOOST_TEST(crossovers + mutations >= 1990);
  BOOST_TEST((crossovers > 300 && crossovers < 500));  // 20 % of 2,000 and five standard deviations
}

// Parents are winners: of two that met, the better one. With a population of 2 the better one always survives.
BOOST_AUTO_TEST_CASE(winners_survive) {
  const SearchSpace space;
  SearchSettings settings;
  settings.population = 2;
  const auto proposals = propose(settings, space, 4, 200);
  const Proposal* best = &proposals[0];
  int mutations = 0;
  for (std::size_t i = 1; i < proposals.size(); ++i) {
    if (proposals[i].origin == "mutation") {  // else all neighbors of the best are known
      BOOST_TEST(proposals[i].parents == std::vector<std::int64_t>{best->id}, boost::test_tools::per_element());
      ++mutations;
    }
    if (made_up_fitness(space, proposals[i].system) > made_up_fitness(space, best->system)) best = &proposals[i];
  }
  BOOST_TEST(mutations >= 20);
}

BOOST_AUTO_TEST_CASE(the_seed_and_the_results_decide) {
  const SearchSpace space;
  for (const StrategyKind kind : {StrategyKind::genetic, StrategyKind::random, StrategyKind::nsga2}) {
    const auto a = propose(settings_of(kind), space, 1, 60), b = propose(settings_of(kind), space, 1, 60);
    const auto c = propose(settings_of(kind), space, 2, 60);
    bool same_as_c = true;
    for (std::size_t i = 0; i < a.size(); ++i) {
      BOOST_TEST((a[i].system == b[i].system));
      same_as_c = same_as_c && a[i].system == c[i].system;
    }
    BOOST_TEST(!same_as_c);
  }
}

BOOST_AUTO_TEST_CASE(a_first_population_spreads_over_the_data) {
  const SearchSpace space;
  for (const StrategyKind kind : {StrategyKind::genetic, StrategyKind::nsga2}) {
    SearchSettings settings = settings_of(kind);
    settings.population = 34;  // of 14 data configurations
    std::set<std::string> orders, architectures;
    for (const std::uint64_t seed : {1, 2, 3}) {
      const auto proposals = propose(settings, space, seed, settings.population);
      std::string order;
      std::map<DataConfiguration, int> counts;
      for (std::size_t i = 0; i < proposals.size(); ++i) {
        const System& system = proposals[i].system;
        if (i < 14) order += system.data.text() + " ";
        else BOOST_TEST((system.data == proposals[i - 14].system.data));
        ++counts[system.data];
        architectures.insert(system.architecture.text());
        BOOST_TEST((proposals[i].origin == "random" && proposals[i].generation == 0));
      }
      BOOST_TEST(counts.size() == 14u);
      for (const auto& [data, count] : counts) BOOST_TEST((count == 2 || count == 3));
      orders.insert(order);
    }
    BOOST_TEST(orders.size() == 3u);
    BOOST_TEST(architectures.size() > 90u);  // of 2,680, 102 times
  }
}

// As they were when this list was stored: a change of sampling changes every search, and must be meant.
BOOST_AUTO_TEST_CASE(stored_proposals) {
  const SearchSpace space;
  std::string proposals = csv_line({"strategy", "id", "generation", "origin", "parents", "system"});
  const auto add = [&](const std::string& name, const SearchSettings& settings) {
    for (const Proposal& proposal : propose(settings, space, 1, 40)) {
      std::string parents;
      for (const std::int64_t parent : proposal.parents)
        parents += (parents.empty() ? "" : "+") + std::to_string(parent);
      proposals += csv_line({name, std::to_string(proposal.id), std::to_string(proposal.generation), proposal.origin,
                             parents, proposal.system.text()});
    }
  };
  for (const StrategyKind kind : all_kinds) {
    SearchSettings settings = settings_of(kind);
    settings.first_population = FirstPopulation::random;
    add(name_of(kind), settings);
  }
  add("genetic, spread", settings_of(StrategyKind::genetic));
  BOOST_TEST(proposals == read_file(std::filesystem::path(DANAS_GOLDEN) / "proposals.csv"));
}

BOOST_AUTO_TEST_CASE(proposals_do_not_depend_on_how_many_are_asked_for) {
  const SearchSpace space({32, 64}, {Color::monochrome, Color::rgb}, {0.25, 0.5, 1.0}, {1, 1, 1, 0, 0});
  for (const StrategyKind kind : all_kinds) {
    const auto alone = propose(settings_of(kind), space, 3, 1000);
    for (const std::int64_t at_once : {2, 3, 7, 1000}) {
      const auto together = propose(settings_of(kind), space, 3, 1000, at_once);
      BOOST_TEST_REQUIRE(together.size() == alone.size());
      for (std::size_t i = 0; i < alone.size(); ++i)
        BOOST_TEST((together[i].system == alone[i].system && together[i].id == alone[i].id &&
                    together[i].parents == alone[i].parents));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_generation_is_proposed_at_once) {
  const SearchSpace space;
  const auto strategy = make_strategy(settings_of(StrategyKind::genetic), space, 1);
  const auto first = strategy->next(1000);
  BOOST_TEST(first.size() == 10u);
  BOOST_CHECK_THROW(strategy->tell(2, {0.5}), Error);
  for (const Proposal& proposal : first) strategy->tell(proposal.id, {0.1});
  BOOST_TEST(strategy->next(1000).size() == 5u);
}

// Also when few are left and they are listed.
BOOST_AUTO_TEST_CASE(new_systems_are_drawn_uniformly_among_those_left) {
  const SearchSpace space({32, 64, 96}, {Color::rgb}, {0.25, 0.5, 0.75, 1.0}, {3, 4, 0, 0, 0});
  constexpr std::int64_t left = 4;
  constexpr int trials = 4000;
  std::map<std::int64_t, int> first;
  for (int trial = 0; trial < trials; ++trial) {
    ProposedSystems proposed(space);
    for (std::int64_t i = left; i < space.size(); ++i) proposed.insert(space.at(i));
    Random random(1, "left", static_cast<std::uint64_t>(trial));
    std::set<std::int64_t> drawn;
    for (std::int64_t i = 0; i < left; ++i) {
      BOOST_TEST_REQUIRE(!proposed.all());
      const std::int64_t index = space.index(proposed.sample_new(random));
      if (i == 0) ++first[index];
      BOOST_TEST_REQUIRE((index < left && drawn.insert(index).second));
    }
    BOOST_TEST_REQUIRE(proposed.all());
    BOOST_CHECK_THROW(proposed.sample_new(random), Error);
  }
  for (const auto& [index, count] : first)
    BOOST_TEST(std::abs(count - trials / left) < 150);  // five standard deviations
}

BOOST_AUTO_TEST_CASE(exhaustive_goes_through_one_supernet_after_the_other) {
  const SearchSpace space({32, 64}, {Color::rgb}, {0.5, 1.0}, {1, 0, 0, 0, 0});
  const auto proposals = propose(settings_of(StrategyKind::exhaustive), space, 1, 100);
  int changes = 0;
  for (std::size_t i = 1; i < proposals.size(); ++i)
    changes += proposals[i].system.data != proposals[i - 1].system.data;
  BOOST_TEST(changes == 1);
}

BOOST_AUTO_TEST_SUITE_END()
