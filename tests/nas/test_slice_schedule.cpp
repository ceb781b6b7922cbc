// Which slices a supernet's training trains.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>

#include "nas/candidate_fields.hpp"
#include "nas/slice_schedule.hpp"
#include "nas/training_memory.hpp"
#include "nn/cost.hpp"
#include "nn/mobilenet_v2.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;

namespace {

constexpr int classes = 2;
const DataConfiguration data{96, Color::rgb};

Experiment experiment_of(SupernetScheme scheme, double fitting, double ram_kib) {
  Experiment experiment;
  experiment.space = SearchSpace({96}, {Color::rgb}, {0.2, 0.5, 1.0}, {2, 1, 1, 0, 0});
  experiment.slices = {scheme, fitting};
  experiment.device.ram_kib = ram_kib;
  experiment.device.flash_kib = 1e6;
  return experiment;
}

LayerList supernet() { return supernet_layers(data.input(), {2, 1, 1, 0, 0}, classes); }

/// How often each system of the space was drawn in so many steps; whatever is none of them fails.
std::map<std::int64_t, int> counts(const Experiment& experiment, std::int64_t steps) {
  const SliceSchedule schedule(experiment, data, classes);
  std::map<std::int64_t, int> drawn;
  for (std::int64_t step = 0; step < steps; ++step) {
    const std::vector<LayerList> networks = schedule.networks(step);
    BOOST_TEST_REQUIRE(networks.size() == 1);
    for (std::int64_t i = 0; i < experiment.space.size(); ++i)
      if (networks.front() == slice_layers(supernet(), experiment.space.at(i).architecture.slice())) ++drawn[i];
  }
  int all = 0;
  for (const auto& [system, count] : drawn) all += count;
  BOOST_TEST(all == steps);
  return drawn;
}

bool fits(const Experiment& experiment, std::int64_t system) {
  Candidate candidate;
  set_system(candidate, experiment.space.at(system));
  set_needs(candidate, experiment, classes);
  return candidate.fits();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slice_schedule)

BOOST_AUTO_TEST_CASE(the_whole_supernet_alone_takes_no_schedule) {
  const Experiment experiment = experiment_of(SupernetScheme::full, 0.5, 1e6);
  BOOST_TEST(!SliceSchedule(experiment, data, classes).source());
}

BOOST_AUTO_TEST_CASE(slices_are_systems_of_the_space_all_of_them_alike) {
  const Experiment experiment = experiment_of(SupernetScheme::random, 0, 1e6);
  const std::int64_t systems = experiment.space.size(), each = 30;
  double chi_squared = 0;
  for (const auto& [system, count] : counts(experiment, systems * each))
    chi_squared += (count - each) * (count - each) / static_cast<double>(each);
  const double freedom = static_cast<double>(systems - 1);
  BOOST_TEST(chi_squared < freedom + 3.3 * std::sqrt(2 * freedom));  // one in a thousand
  BOOST_TEST(chi_squared > freedom - 3.3 * std::sqrt(2 * freedom));
}

BOOST_AUTO_TEST_CASE(a_share_is_drawn_among_those_that_fit) {
  const double limit = 100;  // KiB: the narrowest third of the space
  int fitting = 0, other = 0;
  for (const auto& [system, count] : counts(experiment_of(SupernetScheme::random, 1, limit), 60))
    (fits(experiment_of(SupernetScheme::random, 1, limit), system) ? fitting : other) += count;
  BOOST_TEST(fitting == 60);
  BOOST_TEST(other == 0);
  const Experiment half = experiment_of(SupernetScheme::random, 0.5, limit);
  int outside = 0;
  for (const auto& [system, count] : counts(half, 60)) outside += fits(half, system) ? 0 : count;
  BOOST_TEST(outside > 8);
  BOOST_TEST(outside < 32);
  BOOST_TEST(counts(experiment_of(SupernetScheme::random, 1, 1), 20).size() > 3u);  // nothing fits
}

BOOST_AUTO_TEST_CASE(schemes_are_what_they_are_called) {
  const Experiment alternate = experiment_of(SupernetScheme::alternate, 0.5, 1e6);
  const SliceSchedule in_turn(alternate, data, classes);
  for (std::int64_t step = 0; step < 6; ++step)
    BOOST_TEST((in_turn.networks(step).front() == supernet()) == (step % 2 == 0));
  const Experiment sandwich = experiment_of(SupernetScheme::sandwich, 0.5, 1e6);
  const std::vector<LayerList> together = SliceSchedule(sandwich, data, classes).networks(3);
  BOOST_TEST_REQUIRE(together.size() == 4u);
  BOOST_TEST((together[0] == supernet()));
  BOOST_TEST((together[1] == slice_layers(supernet(), {{0, 0, 0, 0, 0}, 0.2})));
}

BOOST_AUTO_TEST_CASE(a_scheme_says_what_share_of_the_whole_network_it_takes) {
  const double ram = 100, whole = training_work(supernet(), Experiment().supernet);
  for (const auto scheme :
       {SupernetScheme::full, SupernetScheme::random, SupernetScheme::alternate, SupernetScheme::sandwich}) {
    const Experiment experiment = experiment_of(scheme, 0.5, ram);
    const SliceSchedule schedule(experiment, data, classes);
    constexpr int steps = 400;
    double work = 0;
    for (std::int64_t step = 0; step < steps; ++step)
      for (const LayerList& layers : schedule.networks(step)) work += inference_cost(layers).products / steps;
    BOOST_TEST(schedule.share_of_full() == work / inference_cost(supernet()).products,
               boost::test_tools::tolerance(0.1));
    BOOST_TEST(schedule.work() == schedule.share_of_full() * whole);
  }
}

BOOST_AUTO_TEST_CASE(the_largest_steps_draw_nothing_but_the_largest_slice) {
  const LayerList largest = slice_layers(supernet(), {{2, 1, 1, 0, 0}, 1.0});
  const Experiment random = experiment_of(SupernetScheme::random, 0.5, 1e6),
                   alternate = experiment_of(SupernetScheme::alternate, 0.5, 1e6),
                   sandwich = experiment_of(SupernetScheme::sandwich, 0.5, 1e6);
  const auto steps = [](const Experiment& experiment) {
    return SliceSchedule(experiment, data, classes).largest_steps();
  };
  using Networks = std::vector<LayerList>;
  BOOST_TEST((steps(random).front() == Networks{largest}));
  BOOST_TEST((steps(alternate) == std::vector<Networks>{Networks{supernet()}, Networks{largest}}));
  BOOST_TEST((steps(sandwich).front()[2] == largest));
  BOOST_TEST((steps(sandwich).front()[3] == largest));
}

BOOST_AUTO_TEST_CASE(the_memory_of_a_training_is_that_of_its_scheme) {
  const auto backend = make_cpu_backend(1, "portable");
  const auto bytes = [&](SupernetScheme scheme) {
    return largest_supernet_training(experiment_of(scheme, 0.5, 1e6), classes, *backend).bytes;
  };
  // A slice lies where it trains; several together take the sum of their gradients. Either takes a few sums of its own.
  const double weights = 4 * static_cast<double>(Network(*backend, supernet()).values().size());
  const double full = bytes(SupernetScheme::full), sandwich = bytes(SupernetScheme::sandwich);
  BOOST_TEST(bytes(SupernetScheme::random) < full + 100);
  BOOST_TEST(bytes(SupernetScheme::alternate) >= full);
  BOOST_TEST(bytes(SupernetScheme::alternate) < full + 100);
  BOOST_TEST(sandwich >= full + weights);
  BOOST_TEST(sandwich < full + weights + 100);
}

BOOST_AUTO_TEST_CASE(a_search_without_fine_tuning_is_resumed_with_the_same_bytes) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(folder / "cache", {"supernet.scheme=alternate", "finetune.steps=0"});
  run_tiny(experiment, folder / "whole", false);
  const auto interrupt = [](int call, std::atomic<bool>& flag) { flag = flag || call == 3; };
  BOOST_TEST(run_tiny(experiment, folder / "parts", false, 2, interrupt).interrupted);
  BOOST_TEST(!run_tiny(experiment, folder / "parts", true, 3).interrupted);
  check_same_results(results(folder / "whole"), folder / "parts");
}

BOOST_AUTO_TEST_SUITE_END()
