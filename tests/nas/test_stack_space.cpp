// The layer-based search: its systems, how they are drawn and moved, and what the two faults of the published code do.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "nas/distinct_networks.hpp"
#include "nas/strategy.hpp"

using namespace danas;

namespace {

using Convolutions = std::vector<StackedConvolution>;

const std::vector<int> resolutions{32, 64, 96, 128, 160, 192, 224};
const std::vector<Color> colors{Color::monochrome, Color::rgb};
constexpr double kinds = 7 * 2 * 2;

SearchSpace space_of(StackFaults faults = {}, StackChoices choices = {}) {
  return {squares(resolutions, colors), StackSpace(std::move(choices), faults)};
}

const Convolutions& convolutions_of(const System& system) { return system.architecture.stack().convolutions; }

// Against its mean, 1 for each degree of freedom, in standard deviations of what chance gives.
double surprise(const std::vector<double>& counts, const std::vector<double>& shares) {
  double total = 0, sum = 0, freedom = -1;
  for (const double count : counts) total += count;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double wanted = total * shares[i];
    if (wanted == 0) {
      BOOST_TEST(counts[i] == 0);
      continue;
    }
    sum += (counts[i] - wanted) * (counts[i] - wanted) / wanted;
    ++freedom;
  }
  return (sum - freedom) / std::sqrt(2 * freedom);
}

// Which of data, parameter, added, removed a move was; checks that it was one, and one step.
std::size_t move_of(const StackChoices& choices, const System& before, const System& after) {
  const Convolutions &a = convolutions_of(before), &b = convolutions_of(after);
  if (before.data != after.data) {
    BOOST_TEST((before.architecture == after.architecture));
    return 0;
  }
  if (a.size() != b.size()) {
    const bool added = b.size() > a.size();
    BOOST_TEST((added ? b.size() - a.size() : a.size() - b.size()) == 1u);
    BOOST_TEST(std::equal(a.begin(), a.begin() + static_cast<long>(std::min(a.size(), b.size())), b.begin()));
    return added ? 2 : 3;
  }
  int steps = 0;
  const auto distance = [](const auto& values, const auto& one, const auto& other) {
    const auto place = [&](const auto& value) {
      return std::find(values.begin(), values.end(), value) - values.begin();
    };
    return static_cast<int>(std::abs(place(one) - place(other)));
  };
  for (std::size_t i = 0; i < a.size(); ++i)
    steps += distance(choices.filters, a[i].filters, b[i].filters) +
             distance(choices.kernel, a[i].kernel, b[i].kernel) +
             distance(choices.activation, a[i].activation, b[i].activation);
  BOOST_TEST(steps == 1);
  return 1;
}

std::vector<double> moves_from(const SearchSpace& space, const char* system, int trials) {
  const System parent = parse_system(system);
  std::vector<double> counts(4);
  Random random(1, "moves");
  for (int i = 0; i < trials; ++i) {
    const System child = space.mutate(parent, random);
    BOOST_REQUIRE(space.contains(child));
    counts[move_of(space.stacks().choices(), parent, child)] += 1;
  }
  return counts;
}

// How many proposals have so many convolutions, by a search of so many systems.
std::map<std::size_t, int> layer_counts(const SearchSpace& space, const Switches& switches, std::size_t most) {
  const auto strategy = make_strategy({}, space, 1, switches);
  std::map<std::size_t, int> counts;
  for (std::size_t proposed = 0; proposed < most;)
    for (const Proposal& proposal : strategy->next(5)) {
      const Convolutions& convolutions = convolutions_of(proposal.system);
      ++counts[convolutions.size()];
      ++proposed;
      strategy->tell(proposal.id, {1.0 / static_cast<double>(proposal.id % 7 + 1)});
    }
  return counts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stack_space)

BOOST_AUTO_TEST_CASE(every_system_has_a_number) {
  const SearchSpace space = space_of();
  double stacks = 0;
  for (int layers = 1; layers <= 5; ++layers) stacks += std::pow(kinds, layers);
  BOOST_TEST(static_cast<double>(space.size()) == 14 * stacks);
  BOOST_TEST(DistinctNetworks(space).count() == space.size());
  for (std::int64_t i = 0; i < space.size(); i += 1'234'577) {
    const System system = space.at(i);
    BOOST_TEST_REQUIRE(space.index(system) == i);
    BOOST_TEST_REQUIRE((parse_system(system.text()) == system));
  }
  const SearchSpace small(squares({32}, {Color::rgb}), StackSpace({{4, 8}, {3}, {StackActivation::relu}, 3}));
  std::set<std::string> names;
  for (std::int64_t i = 0; i < small.size(); ++i) names.insert(small.at(i).text());
  BOOST_TEST(small.size() == 2 + 4 + 8);
  BOOST_TEST(names.size() == 14u);
  BOOST_TEST(names.count("32,rgb,8x3r-4x3r-8x3r") == 1u);
  for (const char* other : {"32,rgb,16x3r", "32,rgb,8x5r", "32,rgb,8x3s", "48,rgb,8x3r", "32,rgb,1-0-0-0-0,0.5",
                            "32,rgb,8x3r-8x3r-8x3r-8x3r"})
    BOOST_TEST(!small.contains(parse_system(other)), other);
  BOOST_TEST(!SearchSpace().contains(parse_system("32,rgb,16x3r")));
  BOOST_CHECK_THROW(StackSpace({{2, 4, 8, 16}, {1, 3, 5, 7}, {StackActivation::relu}, 16}), Error);
}

BOOST_AUTO_TEST_CASE(numbers_of_layers_and_layers_are_drawn_evenly) {
  const SearchSpace space = space_of();
  std::vector<double> layers(5), data(14), filters(7);
  Random random(3, "draws");
  for (int i = 0; i < 20000; ++i) {
    const System system = space.sample(random);
    const Convolutions& convolutions = convolutions_of(system);
    layers[convolutions.size() - 1] += 1;
    for (std::size_t d = 0; d < 14; ++d) data[d] += system.data == space.data_configurations()[d];
    filters[static_cast<std::size_t>(std::log2(convolutions.back().filters)) - 1] += 1;
  }
  BOOST_TEST(surprise(layers, std::vector<double>(5, 0.2)) < 4);
  BOOST_TEST(surprise(data, std::vector<double>(14, 1.0 / 14)) < 4);
  BOOST_TEST(surprise(filters, std::vector<double>(7, 1.0 / 7)) < 4);
}

// A move that a stack does not have is drawn again.
BOOST_AUTO_TEST_CASE(moves_are_as_frequent_as_they_should_be) {
  constexpr int trials = 20000;
  const SearchSpace space = space_of();
  BOOST_TEST(surprise(moves_from(space, "96,rgb,8x3r-16x5s-2x3s", trials), {0.4, 0.4, 0.1, 0.1}) < 4);
  BOOST_TEST(surprise(moves_from(space, "96,rgb,8x3r", trials), {4 / 9.0, 4 / 9.0, 1 / 9.0, 0}) < 4);
  BOOST_TEST(surprise(moves_from(space, "96,rgb,8x3r-8x3r-8x3r-8x3r-8x3r", trials), {4 / 9.0, 4 / 9.0, 0, 1 / 9.0}) <
             4);
  const SearchSpace keeping = space_of({.keep_layer_count = true});
  BOOST_TEST(surprise(moves_from(keeping, "96,rgb,8x3r-16x5s-2x3s", trials), {0.4, 0.6, 0, 0}) < 4);
}

BOOST_AUTO_TEST_CASE(moves_in_narrow_spaces_end) {
  Random random(8, "narrow");
  const StackChoices one{{8}, {3}, {StackActivation::relu}, 1}, lengths{{8}, {3}, {StackActivation::relu}, 2};
  const SearchSpace single(squares({32}, {Color::rgb}), StackSpace(one));
  BOOST_TEST((single.mutate(single.at(0), random) == single.at(0)));
  const SearchSpace kept(squares({32}, {Color::rgb}), StackSpace(lengths, {.keep_layer_count = true}));
  BOOST_TEST((kept.mutate(kept.at(1), random) == kept.at(1)));
  const SearchSpace two(squares({32}, {Color::rgb}), StackSpace(lengths));
  BOOST_TEST((two.mutate(two.at(1), random) == two.at(0)));
}

BOOST_AUTO_TEST_CASE(children_have_each_layer_from_a_parent) {
  const SearchSpace space = space_of();
  const System a = parse_system("96,rgb,2x3r-4x3r"), b = parse_system("32,monochrome,8x5s-16x5s-32x5s-64x5s");
  std::vector<double> lengths(3), first(2), second(2);
  Random random(6, "crossovers");
  for (int i = 0; i < 10000; ++i) {
    const System child = i % 2 == 0 ? space.cross(a, b, random) : space.cross(b, a, random);
    BOOST_TEST_REQUIRE((child.data == a.data || child.data == b.data));
    const Convolutions& layers = convolutions_of(child);
    BOOST_TEST_REQUIRE((layers.size() >= 2 && layers.size() <= 4));
    lengths[layers.size() - 2] += 1;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      const bool of_b = layers[layer] == convolutions_of(b)[layer];
      BOOST_TEST_REQUIRE((of_b || (layer < 2 && layers[layer] == convolutions_of(a)[layer])));
      if (layer < 2) (layer == 0 ? first : second)[of_b] += 1;
    }
  }
  BOOST_TEST(surprise(lengths, {1 / 3.0, 1 / 3.0, 1 / 3.0}) < 4);
  BOOST_TEST(surprise(first, {0.5, 0.5}) < 4);
  BOOST_TEST(surprise(second, {0.5, 0.5}) < 4);
}

// The published search stays at one layer, whichever way it breeds; either fault alone does not keep it there.
BOOST_AUTO_TEST_CASE(layers_stay_at_one_with_both_faults_and_grow_without) {
  for (const bool in_order : {false, true}) {
    BOOST_TEST_CONTEXT("bred in order: " << in_order) {
      Switches switches;
      switches.breed_in_order = in_order;
      const auto stuck = layer_counts(space_of({true, true}), switches, 300);
      BOOST_TEST(stuck.size() == 1u);
      BOOST_TEST(stuck.count(1) == 1u);
      const auto growing = layer_counts(space_of({.begin_with_one_layer = true}), switches, 300);
      BOOST_TEST(growing.at(1) >= 10);
      BOOST_TEST(growing.size() >= 3u);
      const auto mixed = layer_counts(space_of({.keep_layer_count = true}), switches, 300);
      BOOST_TEST(mixed.size() >= 2u);
    }
  }
}

// Once all that is sampled is known, the others are drawn.
BOOST_AUTO_TEST_CASE(what_is_never_sampled_is_proposed_at_last) {
  const SearchSpace space(squares({32}, {Color::rgb}),
                          StackSpace({{2, 4}, {3}, {StackActivation::relu}, 9}, {true, true}));
  ProposedSystems proposed(space);
  Random random(1, "draws");
  std::set<std::int64_t> indices;
  for (std::int64_t i = 0; i < space.size(); ++i) indices.insert(space.index(proposed.sample_new(random)));
  BOOST_TEST(static_cast<std::int64_t>(indices.size()) == space.size());
  BOOST_TEST(proposed.all());
}

BOOST_AUTO_TEST_SUITE_END()
