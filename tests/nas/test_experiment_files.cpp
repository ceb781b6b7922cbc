// The experiment files that come with danas.
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <set>

#include "nas/campaign.hpp"
#include "nas/distinct_networks.hpp"
#include "nas/experiment.hpp"
#include "nas/slice_schedule.hpp"

using namespace danas;

namespace {

Experiment shipped(const std::string& name) {
  ::setenv("WAKE_VISION", "/wake_vision", 1);
  ::setenv("DANAS_DATA", "/data", 1);
  ::setenv("TOYADMOS", "/toyadmos", 1);
  return read_experiment(std::filesystem::path(DANAS_EXPERIMENTS) / (name + ".toml"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_files)

BOOST_AUTO_TEST_CASE(the_papers_devices) {
  struct Limits {
    const char* name;
    double ram, flash;
  };
  for (const Limits& limits : {Limits{"large", 512, 2048}, Limits{"medium", 320, 1024}, Limits{"small", 256, 1024}}) {
    const Experiment e = shipped(limits.name);
    BOOST_TEST(e.name == limits.name);
    BOOST_TEST(e.device.ram_kib == limits.ram);
    BOOST_TEST(e.device.flash_kib == limits.flash);
    BOOST_TEST(e.space.size() == 37'520);
    BOOST_TEST(e.search.hours.value() == 23.0);
    BOOST_TEST((e.data.kind == DatasetKind::wake_vision));
    BOOST_TEST(e.data.train == "train_quality");
    BOOST_TEST(e.data.path == "/wake_vision");
    BOOST_TEST(e.supernet.steps == 30000);
  }
}

BOOST_AUTO_TEST_CASE(quick_searches_resolutions_and_colors) {
  const Experiment e = shipped("quick");
  BOOST_TEST((e.data.kind == DatasetKind::synthetic));
  BOOST_TEST(e.space.data_configurations().size() >= 4u);
  BOOST_TEST(e.search.systems.value() >= 20);
}

BOOST_AUTO_TEST_CASE(real_images) {
  const Experiment pets = shipped("pets");
  BOOST_TEST(pets.data.path == "/data/pets");
  BOOST_TEST(pets.search.systems.value() >= 30);
  BOOST_TEST(pets.space.data_configurations().size() == 4u);
  BOOST_TEST(pets.space.data_configurations().back().text() == "96-rgb");
  BOOST_TEST(pets.device.ram_kib == 256);
  BOOST_TEST(pets.device.flash_kib == 1024);
  BOOST_TEST(shipped("wake_vision_mini").data.path == "/data/wake_vision_mini");
}

BOOST_AUTO_TEST_CASE(comparisons_of_the_paper) {
  const Experiment fixed = shipped("paper/hardware-aware"), naive = shipped("paper/naive"), large = shipped("large");
  BOOST_TEST(fixed.space.size() == 268 * 10);
  BOOST_TEST((fixed.space.data_configurations() == std::vector<DataConfiguration>{{224, Color::rgb}}));
  BOOST_TEST(fixed.supernet.steps == large.supernet.steps);
  BOOST_TEST((naive.space.data_configurations() == large.space.data_configurations()));
  const StackChoices& stacks = naive.space.stacks().choices();
  BOOST_TEST((stacks.filters == std::vector<int>{2, 4, 8, 16, 32, 64, 128}));
  BOOST_TEST((stacks.kernel == std::vector<int>{3, 5}));
  BOOST_TEST(stacks.activation.size() == 2u);
  BOOST_TEST(stacks.layers == 5);
  BOOST_TEST(naive.scratch.steps == 25 * 1000);
  BOOST_TEST((naive.penalty == Penalty::fixed));
  BOOST_TEST(naive.search.skip_violators);
  for (const Experiment& each : {fixed, naive}) {
    BOOST_TEST(each.device.ram_kib == large.device.ram_kib);
    BOOST_TEST(each.device.flash_kib == large.device.flash_kib);
    BOOST_TEST(each.search.hours.value() == 23.0);
  }
}

BOOST_AUTO_TEST_CASE(first_populations) {
  for (const char* name : {"large", "medium", "small", "paper/hardware-aware", "paper/naive", "paper/pets",
                           "paper/pets_naive", "paper/toyadmos", "paper/toyadmos_standin"})
    BOOST_TEST((shipped(name).search.first_population == FirstPopulation::random), name);
  for (const char* name : {"quick", "pets", "wake_vision_mini"}) {
    const Experiment e = shipped(name);
    BOOST_TEST((e.search.first_population == FirstPopulation::spread), name);
    BOOST_TEST(e.search.population >= static_cast<int>(e.space.data_configurations().size()), name);
  }
}

// By whole supernets whose slices are fine-tuned, whatever the defaults are.
BOOST_AUTO_TEST_CASE(the_papers_supernets) {
  for (const char* name :
       {"large", "medium", "small", "paper/hardware-aware", "paper/pets", "paper/toyadmos", "paper/toyadmos_standin"}) {
    const Experiment e = shipped(name);
    BOOST_TEST((e.slices.scheme == SupernetScheme::full), name);
    BOOST_TEST(e.finetune.steps > 0, name);
  }
  std::size_t runs = 0;
  for (const char* name : {"ablation", "full", "reduced", "regret"})
    for (const CampaignRun& run :
         read_campaign(std::filesystem::path(DANAS_EXPERIMENTS) / "paper" / (std::string(name) + ".toml")).runs) {
      if (!run.experiment.space.sliced()) continue;
      ++runs;
      BOOST_TEST((run.experiment.slices.scheme == SupernetScheme::full), name << " " << run.label);
      BOOST_TEST(run.experiment.finetune.steps > 0, name << " " << run.label);
    }
  BOOST_TEST(runs > 50u);
}

// What runs are compared by: the same systems, trained in the same way.
BOOST_AUTO_TEST_CASE(searches_beside_the_truth) {
  ::setenv("DANAS_DATA", "/data", 1);
  const std::filesystem::path paper = std::filesystem::path(DANAS_EXPERIMENTS) / "paper";
  std::set<std::string> but_the_search;
  for (const CampaignRun& run : read_campaign(paper / "regret.toml").runs) {
    Experiment experiment = run.experiment;
    experiment.name = "";
    experiment.search = {};
    but_the_search.insert(experiment.to_toml());
    BOOST_TEST(DistinctNetworks(experiment.space).count() == 343);
  }
  BOOST_TEST(but_the_search.size() == 1u);

  std::set<std::string> spaces;
  for (const CampaignRun& run : read_campaign(paper / "ablation.toml").runs) {
    if (!run.label.starts_with("tau-")) continue;
    Experiment same = run.experiment;
    BOOST_TEST((same.search.strategy == StrategyKind::random));
    BOOST_TEST(same.search_seed() == 1u);
    BOOST_TEST(same.search.systems.value() >= 40);
    Experiment other;
    other.space = same.space;
    other.data = same.data;
    spaces.insert(other.to_toml());
    BOOST_TEST((same.supernet.steps == 0) == (run.label == "tau-scratch"));
  }
  BOOST_TEST(spaces.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_papers_sounds) {
  const Experiment whole = shipped("paper/toyadmos"), standin = shipped("paper/toyadmos_standin");
  BOOST_TEST(whole.data.path == "/toyadmos");
  BOOST_TEST(whole.space.data_configurations().size() == 24u);
  BOOST_TEST(whole.space.data_configurations().back().text() == "48000-mfcc");
  for (const Experiment* const experiment : {&whole, &standin}) {
    BOOST_TEST((experiment->data.kind == DatasetKind::toyadmos));
    BOOST_TEST((experiment->search.objectives == Objectives{Measure::f1, Measure::flash_bytes}));
  }
  BOOST_TEST(standin.data.path == "/data/toyadmos_standin");
}

BOOST_AUTO_TEST_CASE(schemes_are_compared_at_equal_multiply_adds) {
  ::setenv("DANAS_DATA", "/data", 1);
  const Campaign campaign = read_campaign(std::filesystem::path(DANAS_EXPERIMENTS) / "supernets.toml", {});
  std::set<std::string> labels;
  for (const CampaignRun& run : campaign.runs) {
    const Experiment& e = run.experiment;
    if (!labels.insert(run.label).second || e.finetune.steps != 0) continue;
    const auto data = e.space.data_configurations().front();
    const double steps = SliceSchedule(e, data, 2).share_of_full() * static_cast<double>(e.supernet.steps);
    const double budget = run.label.find("-600-") != std::string::npos ? 600 : 1600;
    BOOST_TEST(steps == budget, boost::test_tools::tolerance(0.01));
    const std::string scheme = e.supernet.distill ? "distill" : name_of(e.slices.scheme);
    BOOST_TEST(run.label.find(scheme) != std::string::npos);
    BOOST_TEST(e.search.systems.value() == 40);
  }
  BOOST_TEST(labels.size() == 56u);
}

BOOST_AUTO_TEST_SUITE_END()
