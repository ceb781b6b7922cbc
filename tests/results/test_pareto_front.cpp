#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/random.hpp"
#include "results/pareto_front.hpp"

using namespace danas;

namespace {

// Values from a small grid, so that ties and twins are frequent.
std::vector<Candidate> random_candidates(Random& random) {
  std::vector<Candidate> candidates(random.below(60));
  const std::uint64_t values = 2 + random.below(9);
  const auto draw = [&] { return static_cast<double>(random.below(values)); };
  for (Candidate& c : candidates) {
    c.measures = {{Measure::accuracy, draw() / 16},
                  {Measure::f1, draw() / 16},
                  {Measure::macs, draw()},
                  {Measure::ram_bytes, draw()},
                  {Measure::flash_bytes, draw()}};
    c.violation = {{Measure::ram_bytes, random.below(5) == 0 ? 1 : 0},
                   {Measure::flash_bytes, random.below(5) == 0 ? 2 : 0}};
    if (random.below(9) == 0) c.outcome = Outcome::diverged;
  }
  return candidates;
}

/// How much better a is than b, by the measure's name.
double advantage(const Candidate& a, const Candidate& b, Measure measure) {
  const std::string name = info(measure).name;
  const double difference = a.measures[measure] - b.measures[measure];
  return name == "accuracy" || name == "f1" ? difference : -difference;
}

// The definition: nobody who competes is as good in all and better in one, or as good in all and earlier.
bool is_beaten(const std::vector<Candidate>& all, std::size_t i, std::size_t count, const Objectives& objectives) {
  for (std::size_t k = 0; k < count; ++k) {
    if (!all[k].competes()) continue;
    bool no_worse = true, better = false;
    for (const Measure measure : objectives) {
      no_worse = no_worse && advantage(all[k], all[i], measure) >= 0;
      better = better || advantage(all[k], all[i], measure) > 0;
    }
    if (no_worse && (better || k < i)) return true;
  }
  return false;
}

std::vector<std::size_t> brute_force(const std::vector<Candidate>& all, std::size_t count,
                                     const Objectives& objectives) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < count; ++i)
    if (all[i].competes() && !is_beaten(all, i, count, objectives)) front.push_back(i);
  return front;
}

const std::vector<Objectives> objectives_in_use{default_objectives,
                                                {Measure::accuracy, Measure::ram_bytes},
                                                {Measure::flash_bytes, Measure::f1},
                                                {Measure::macs},
                                                {Measure::f1},
                                                {Measure::macs, Measure::accuracy, Measure::flash_bytes, Measure::f1},
                                                {Measure::ram_bytes, Measure::flash_bytes}};

}  // namespace

BOOST_AUTO_TEST_SUITE(pareto_front)

BOOST_AUTO_TEST_CASE(equals_brute_force_whatever_matters) {
  for (const Objectives& objectives : objectives_in_use) BOOST_TEST_CONTEXT(labels(objectives)) {
      std::size_t members = 0, left_out = 0;
      for (std::uint64_t trial = 0; trial < 200; ++trial) {
        Random random(1, "front", trial);
        const std::vector<Candidate> candidates = random_candidates(random);
        const auto oracle = brute_force(candidates, candidates.size(), objectives);
        BOOST_TEST(front_of(candidates, objectives) == oracle, boost::test_tools::per_element());
        members += oracle.size();
        left_out += candidates.size() - oracle.size();
      }
      BOOST_TEST(members > 100u);
      BOOST_TEST(left_out > 100u);
    }
}

BOOST_AUTO_TEST_CASE(it_grows_system_by_system) {
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    Random random(2, "front", trial);
    const std::vector<Candidate> candidates = random_candidates(random);
    for (const Objectives& objectives : objectives_in_use) {
      ParetoFront front(objectives);
      std::set<std::int64_t> members;
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!candidates[i].competes()) continue;
        const auto upto = brute_force(candidates, i + 1, objectives);
        const bool joins = front.insert(static_cast<std::int64_t>(i), candidates[i].measures);
        BOOST_TEST(joins == (std::find(upto.begin(), upto.end(), i) != upto.end()));
        if (!joins) continue;
        for (const std::int64_t id : front.left()) BOOST_TEST(members.erase(id) == 1u);
        members.insert(static_cast<std::int64_t>(i));
        BOOST_TEST((members == std::set<std::int64_t>(upto.begin(), upto.end())));
        const std::vector<std::int64_t> ids = front.ids();
        BOOST_TEST((std::set<std::int64_t>(ids.begin(), ids.end()) == members));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(domination_needs_an_advantage) {
  const auto point = [](double accuracy, double ram, double flash) {
    return Measures{{Measure::accuracy, accuracy}, {Measure::ram_bytes, ram}, {Measure::flash_bytes, flash}};
  };
  const auto drives_off = [&](const Measures& newcomer) {
    ParetoFront front(default_objectives);
    BOOST_TEST(front.insert(1, point(0.5, 100, 100)));
    return front.insert(2, newcomer) && front.left() == std::vector<std::int64_t>{1};
  };
  BOOST_TEST(!drives_off(point(0.5, 100, 100)));
  BOOST_TEST(drives_off(point(0.6, 100, 100)));
  BOOST_TEST(drives_off(point(0.5, 99, 100)));
  BOOST_TEST(drives_off(point(0.5, 100, 99)));
  BOOST_TEST(!drives_off(point(0.9, 101, 1)));
}

BOOST_AUTO_TEST_CASE(a_measure_without_a_value_is_an_error) {
  ParetoFront front({Measure::accuracy, Measure::macs});
  BOOST_CHECK_THROW(front.insert(1, {{Measure::accuracy, 0.5}}), Error);
  BOOST_TEST(front.ids().empty());
  BOOST_TEST(front_of({}, default_objectives).empty());
}

BOOST_AUTO_TEST_SUITE_END()
