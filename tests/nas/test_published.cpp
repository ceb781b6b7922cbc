// What the published code does other than the paper: each switch on a case worked by hand.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "nas/candidate_fields.hpp"
#include "nas/estimators.hpp"
#include "nas/published_depths.hpp"
#include "nas/published_sums.hpp"
#include "nas/strategy.hpp"
#include "nas/system.hpp"
#include "nn/mobilenet_v2.hpp"
#include "results/candidate_table.hpp"
#include "tiny_search.hpp"

using namespace danas;

namespace {

using Depth = std::array<int, 5>;

Switches breeding() {
  Switches switches;
  switches.breed_in_order = true;
  return switches;
}

SearchSpace repairing_space() {
  const SearchSpace space;
  return {space.data_configurations(), SliceSpace(space.slices().widths(), full_depth, true)};
}

double made_up_fitness(const SearchSpace& space, const System& system) {
  return static_cast<double>(space.index(system) % 101) / 101;
}

std::vector<Proposal> propose(const SearchSpace& space, std::uint64_t seed, std::size_t most, std::int64_t at_once = 1,
                              const SearchSettings& settings = {}) {
  const auto strategy = make_strategy(settings, space, seed, breeding());
  std::vector<Proposal> proposals;
  while (proposals.size() < most) {
    const auto next =
        strategy->next(std::min<std::int64_t>(at_once, static_cast<std::int64_t>(most - proposals.size())));
    for (const Proposal& proposal : next) strategy->tell(proposal.id, {made_up_fitness(space, proposal.system)});
    proposals.insert(proposals.end(), next.begin(), next.end());
  }
  return proposals;
}

double chi_squared(const std::vector<double>& counts, const std::vector<double>& shares) {
  double total = 0, sum = 0;
  for (const double count : counts) total += count;
  for (std::size_t i = 0; i < counts.size(); ++i)
    sum += (counts[i] - total * shares[i]) * (counts[i] - total * shares[i]) / (total * shares[i]);
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(published)

// As the published code computes them.
BOOST_AUTO_TEST_CASE(sums_of_ram_and_flash) {
  struct Figure {
    const char* system;
    long long ram, flash;
  };
  for (const Figure& figure :
       {Figure{"224,rgb,3-4-3-3-1,1.0", 2'430'048, 2'260'546}, Figure{"224,rgb,2-2-3-3-0,0.8", 1'944'038, 990'022},
        Figure{"192,monochrome,3-1-2-2-0,0.8", 715'199, 88'969}, Figure{"160,rgb,3-3-2-3-1,0.1", 124'425, 208'310},
        Figure{"192,monochrome,3-2-3-3-0,0.1", 89'399, 17'893}, Figure{"192,rgb,3-4-3-1-1,0.4", 715'199, 644'774},
        Figure{"32,rgb,3-4-1-3-0,0.7", 36'623, 786'459}, Figure{"32,rgb,1-1-3-1-0,0.8", 41'855, 414'086},
        Figure{"32,monochrome,2-3-3-2-1,0.2", 5'231, 68'244}, Figure{"160,rgb,1-1-2-2-1,1.0", 1'244'256, 1'616'450},
        Figure{"192,monochrome,1-1-2-3-1,0.4", 357'599, 138'299}, Figure{"160,rgb,2-2-2-2-0,0.8", 995'404, 634'091},
        Figure{"32,rgb,3-1-1-2-1,0.4", 20'927, 610'738}, Figure{"192,rgb,3-3-2-3-0,0.9", 1'609'199, 1'069'532}}) {
    BOOST_TEST_CONTEXT(figure.system) {
      const System system = parse_system(figure.system);
      const std::vector<LayerRow> rows = published_rows(system, 2);
      BOOST_TEST(published_ram(rows) == figure.ram);
      BOOST_TEST(published_flash(rows) == figure.flash);
      for (const bool ram : {false, true})
        for (const bool flash : {false, true}) {
          Switches switches;
          switches.unfused_ram = ram;
          switches.unfused_flash = flash;
          const Measures own = estimate(system, 2, {}, {}), needs = estimate(system, 2, {}, switches);
          BOOST_TEST(needs.count(Measure::ram_bytes) == (ram ? figure.ram : own.count(Measure::ram_bytes)));
          BOOST_TEST(needs.count(Measure::flash_bytes) == (flash ? figure.flash : own.count(Measure::flash_bytes)));
          BOOST_TEST(needs[Measure::macs] == own[Measure::macs]);
        }
    }
  }
}

BOOST_AUTO_TEST_CASE(repaired_depths) {
  const std::vector<std::pair<Depth, Depth>> cases{{{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}},
                                                   {{3, 4, 0, 0, 0}, {3, 4, 0, 0, 0}},
                                                   {{0, 0, 0, 0, 1}, {1, 0, 0, 0, 0}},
                                                   {{0, 2, 0, 0, 0}, {1, 1, 0, 0, 0}},
                                                   {{3, 2, 0, 1, 0}, {3, 2, 1, 0, 0}},
                                                   {{0, 0, 3, 2, 0}, {1, 1, 3, 0, 0}},
                                                   {{0, 4, 0, 0, 1}, {1, 4, 0, 0, 0}},
                                                   // stage 7, emptied for stage 3, is not filled again
                                                   {{0, 1, 1, 0, 1}, {1, 1, 1, 0, 0}}};
  for (const auto& [before, after] : cases) BOOST_TEST((repair_depth(before) == after), depth_text(before));
}

// Of all that can be drawn: feasible in the end, and 17 % have a block in stage 7.
BOOST_AUTO_TEST_CASE(repair_makes_the_last_stage_rare) {
  const SearchSpace space;
  const std::vector<Depth>& feasible = space.slices().depths();
  int all = 0, last = 0;
  Depth d{};
  for (d[0] = 0; d[0] <= 3; ++d[0])
    for (d[1] = 0; d[1] <= 4; ++d[1])
      for (d[2] = 0; d[2] <= 3; ++d[2])
        for (d[3] = 0; d[3] <= 3; ++d[3])
          for (d[4] = 0; d[4] <= 1; ++d[4]) {
            const Depth repaired = repair_depth(d);
            BOOST_TEST_REQUIRE((std::find(feasible.begin(), feasible.end(), repaired) != feasible.end()));
            ++all;
            last += repaired[4];
          }
  BOOST_TEST(all == 640);
  BOOST_TEST(last == 108);  // 16.9 %
  const SearchSpace repairing = repairing_space();
  int drawn = 0;
  constexpr int draws = 20000;
  Random random(1, "depths");
  for (int i = 0; i < draws; ++i) drawn += repairing.sample(random).architecture.slice().depth[4];
  BOOST_TEST(std::abs(drawn - 0.16875 * draws) < 5 * std::sqrt(draws * 0.16875 * 0.83125));
}

// One step up or down, repaired, until something changed: what is found is what the steps can give, and all of it.
BOOST_AUTO_TEST_CASE(moves_of_repaired_depths) {
  const SearchSpace space(squares({32}, {Color::rgb}), SliceSpace({1.0}, full_depth, true));
  for (const Depth& start : {Depth{3, 2, 0, 0, 0}, Depth{1, 1, 1, 1, 1}, Depth{0, 0, 0, 0, 0}}) {
    std::set<Depth> possible, found;
    for (std::size_t stage = 0; stage < 5; ++stage)
      for (const int step : {-1, 1}) {
        Depth moved = start;
        moved[stage] += step;
        if (moved[stage] < 0 || moved[stage] > full_depth[stage]) continue;
        if (const Depth repaired = repair_depth(moved); repaired != start) possible.insert(repaired);
      }
    Random random(1, "moves");
    for (int i = 0; i < 500; ++i)
      found.insert(space.mutate({{32, Color::rgb}, {start, 1.0}}, random).architecture.slice().depth);
    BOOST_TEST((found == possible), depth_text(start));
  }
}

// Ten at random; then of the five winners four are mutated and one child is of two of them, evaluated last first.
BOOST_AUTO_TEST_CASE(generations_breed_in_order) {
  const SearchSpace space;
  const auto proposals = propose(space, 5, 3000);
  std::map<std::int64_t, std::vector<const Proposal*>> generations;
  for (const Proposal& proposal : proposals) generations[proposal.generation].push_back(&proposal);
  generations.erase(generations.rbegin()->first);  // cut short, perhaps
  BOOST_TEST(generations.at(0).size() == 10u);
  int crossovers = 0, complete = 0;
  std::vector<double> moves(3);
  for (const auto& [generation, children] : generations) {
    if (generation == 0) continue;
    std::set<std::int64_t> parents;
    for (const Proposal* child : children) {
      const bool crossover = child->origin == "crossover";
      BOOST_TEST(crossover == (child->parents.size() == 2));
      BOOST_TEST((!crossover || child == children.front()));
      if (crossover) continue;
      BOOST_TEST(parents.insert(child->parents.at(0)).second);  // each winner once
      const System& before = proposals[static_cast<std::size_t>(child->parents[0] - 1)].system;
      const bool data = before.data != child->system.data;
      const bool depth = before.architecture.slice().depth != child->system.architecture.slice().depth;
      const bool width = before.architecture.slice().width != child->system.architecture.slice().width;
      BOOST_TEST_REQUIRE(data + depth + width == 1);
      moves[data ? 0 : depth ? 1 : 2] += 1;
    }
    crossovers += children.front()->origin == "crossover";
    complete += children.size() == 5;
    BOOST_TEST((children.size() == 5 || children.size() == 4));
  }
  BOOST_TEST(crossovers == complete);
  BOOST_TEST(crossovers > 0);
  BOOST_TEST(chi_squared(moves, {0.4, 0.4, 0.2}) < 13.8);  // 0.1 % with two degrees of freedom
}

// Of parents with repaired depths, drawn from many, 5.8 % of the children are infeasible and left out.
BOOST_AUTO_TEST_CASE(infeasible_children_are_left_out) {
  const SearchSpace space = repairing_space();
  SearchSettings settings;
  settings.population = 20000;
  settings.crossover = 1;
  const auto strategy = make_strategy(settings, space, 1, breeding());
  for (const Proposal& proposal : strategy->next(settings.population)) strategy->tell(proposal.id, {});
  const auto left_out = 10000 - static_cast<double>(strategy->next(settings.population).size());
  BOOST_TEST(std::abs(left_out / 10000 - 0.0576) < 5 * std::sqrt(0.0576 * 0.9424 / 10000));
}

// A losing system's twin is proposed again, and the population may shrink but breeds on.
BOOST_AUTO_TEST_CASE(systems_are_proposed_again) {
  const SearchSpace space({32, 64}, {Color::rgb}, {0.5, 1.0}, {1, 1, 0, 0, 0});
  const auto proposals = propose(space, 1, 200);
  std::set<std::int64_t> different;
  for (const Proposal& proposal : proposals) different.insert(space.index(proposal.system));
  BOOST_TEST(proposals.size() == 200u);
  BOOST_TEST(static_cast<std::int64_t>(different.size()) <= space.size());
  for (const std::int64_t at_once : {2, 3, 7, 1000}) {
    const auto together = propose(space, 1, 200, at_once);
    for (std::size_t i = 0; i < proposals.size(); ++i)
      BOOST_TEST((together[i].system == proposals[i].system && together[i].parents == proposals[i].parents));
  }
  SearchSettings alone;
  alone.population = 2;
  BOOST_TEST(propose(space, 1, 50, 1, alone).size() == 50u);
}

BOOST_AUTO_TEST_CASE(one_score_stands_for_all) {
  Metrics metrics;
  metrics.accuracy = 0.75;
  metrics.precision = 0.5;
  metrics.recall = 0.25;
  metrics.f1 = 1.0 / 3;
  Experiment experiment;
  Candidate candidate;
  set_system(candidate, parse_system("32,rgb,0-0-0-0-0,1.0"));
  set_needs(candidate, experiment, 2);
  set_scores(candidate, metrics, Split::validation, experiment);
  const double own = candidate.fitness;
  BOOST_TEST(candidate.measures[Measure::recall] == 0.25);
  experiment.switches.one_score = true;
  set_scores(candidate, metrics, Split::validation, experiment);
  for (const Measure measure : {Measure::accuracy, Measure::precision, Measure::recall, Measure::f1})
    BOOST_TEST(candidate.measures[measure] == 0.75);
  BOOST_TEST(candidate.fitness - own == 0.25 + 0.5, boost::test_tools::tolerance(1e-12));  // equal weights of 1
}

// The same search but for what it is judged on: scores are those of test, as the front's rows say again at the end.
BOOST_AUTO_TEST_CASE(selection_on_test) {
  const test::TemporaryFolder folder;
  const auto directory = folder.path() / "run";
  const Experiment experiment = test::tiny_experiment(
      folder.path(), {"search.systems=3", "supernet.steps=2", "final.steps=1", "switches.select_on_test=true"});
  test::run_tiny(experiment, directory, false);
  for (const Candidate& candidate : test::candidates_of(directory)) BOOST_TEST(candidate.split == "test");
  for (const FrontRow& row : test::front_of(directory))
    for (const MeasureInfo& score : scores) BOOST_TEST(row.measures[score.measure] == (*row.test)[score.measure]);
}

// Nothing fits: the front is of all systems, the summary names none as the best, and a resume agrees.
BOOST_AUTO_TEST_CASE(violators_on_the_front) {
  const test::TemporaryFolder folder;
  const auto directory = folder.path() / "run";
  const std::vector<std::string> overrides{"search.systems=6",
                                           "supernet.steps=2",
                                           "final.steps=1",
                                           "device.ram_kib=0.5",
                                           "device.flash_kib=0.5",
                                           "switches.admit_violators=true",
                                           "switches.breed_in_order=true",
                                           "search.population=4"};
  const Experiment experiment = test::tiny_experiment(folder.path(), overrides);
  const SearchResult result = test::run_tiny(experiment, directory, false);
  const auto front = test::front_of(directory);
  BOOST_TEST(!front.empty());
  for (const FrontRow& row : front) BOOST_TEST(!row.fits());
  BOOST_TEST(result.summary_json.find("\"best\": null") != std::string::npos);
  for (const Candidate& candidate : test::candidates_of(directory)) BOOST_TEST(candidate.twin_of == 0);
  const auto before = test::results(directory);
  test::run_tiny(experiment, directory, true);
  test::check_same_results(before, directory);
}

// Ten blocks of MobileNetV2 add their input. Without, nothing is kept while they run.
BOOST_AUTO_TEST_CASE(dropped_residuals) {
  Switches switches;
  switches.drop_residuals = true;
  const System whole = parse_system("224,rgb,3-4-3-3-1,1.0");
  const auto adds = [](const LayerList& layers) {
    return std::count_if(layers.begin(), layers.end(), [](const LayerSpec& layer) { return layer.residual; });
  };
  BOOST_TEST(adds(candidate_layers(whole, 2, {})) == 10);
  BOOST_TEST(adds(candidate_layers(whole, 2, switches)) == 0);
  const auto kept = [](const LayerList& layers) {
    std::int64_t elements = 0;
    for (const Layer& layer : layer_table(layers)) elements += layer.kept;
    return elements;
  };
  BOOST_TEST(kept(candidate_layers(whole, 2, {})) > 0);
  BOOST_TEST(kept(candidate_layers(whole, 2, switches)) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
