#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>

#include "base/file.hpp"
#include "nas/campaign_work.hpp"
#include "nas/model_file.hpp"
#include "nas/shared_supernets.hpp"
#include "nas/system_trainer.hpp"
#include "nas/work_estimate.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

struct Told {
  SearchResult result;
  int taken = 0;  ///< supernets of another run
};

/// Stopped as the log says `stop_at`, where that is not empty.
Told run_sharing(const Experiment& experiment, const fs::path& directory, const fs::path& shared, bool resume = false,
                 const std::string& stop_at = "") {
  const auto backend = make_cpu_backend(1, "portable");
  std::atomic<bool> interrupt{false};
  SearchOptions options = tiny_options(directory, resume, interrupt);
  options.shared_supernets = shared;
  Told told;
  SearchObserver observer;
  observer.log = [&](const std::string& line) {
    if (line.find("that of another run") != line.npos) ++told.taken;
    if (!stop_at.empty() && line.find(stop_at) != line.npos) interrupt = true;
  };
  told.result = run_search(experiment, *backend, options, observer);
  return told;
}

nlohmann::json summary(const fs::path& run) { return nlohmann::json::parse(read_file(run / "summary.json")); }

double supernet_seconds(const fs::path& run) { return summary(run)["seconds"]["supernets"].get<double>(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_supernets)

BOOST_AUTO_TEST_CASE(the_second_run_takes_them_and_is_charged) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(folder.path(), {"supernet.scheme=full"});
  const Experiment other = tiny_experiment(
      folder.path(), {"supernet.scheme=full", "device.ram_kib=16", "search.population=3", "name=other"});
  const fs::path shared = folder / "shared", first = folder / "first", second = folder / "second";
  run_tiny(other, folder / "alone", false);
  BOOST_TEST(run_sharing(experiment, first, shared).taken == 0);
  BOOST_TEST(run_sharing(other, second, shared).taken == 2);

  check_same_results(results(folder / "alone"), second);
  BOOST_TEST(supernet_seconds(second) >= supernet_seconds(first) - 1e-9);
  BOOST_TEST(summary(second)["images_trained"] == summary(folder / "alone")["images_trained"]);
  BOOST_TEST(summary(second)["images_evaluated"] == summary(folder / "alone")["images_evaluated"]);
  // 7 × 8 images and the 12 of validation for each of two supernets, 2 × 8 and those 12 for each system.
  const std::vector<Candidate> candidates = candidates_of(second);
  BOOST_TEST_REQUIRE(candidates.size() == 8u);
  std::int64_t systems = 0;
  for (const Candidate& each : candidates) systems += each.twin_of == 0 ? 1 : 0;
  BOOST_TEST(candidates.back().images == 2 * (7 * 8 + 12) + systems * (2 * 8 + 12));
  BOOST_TEST(candidates.back().elapsed_seconds >= supernet_seconds(first));
}

BOOST_AUTO_TEST_CASE(stopped_anywhere_they_are_shared_all_the_same) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(folder.path());
  const fs::path shared = folder / "shared";
  run_sharing(experiment, folder / "first", shared, false, "supernet 32-");
  // As if it had been killed before it could share what it had trained.
  for (const auto& entry : fs::directory_iterator(shared)) fs::remove(entry);
  run_sharing(experiment, folder / "first", shared, true);
  const Told second = run_sharing(experiment, folder / "second", shared, false, "that of another run");
  BOOST_TEST(second.result.interrupted);
  run_sharing(experiment, folder / "second", shared, true);
  check_same_results(results(folder / "first"), folder / "second");
  BOOST_TEST(supernet_seconds(folder / "second") >= supernet_seconds(folder / "first") - 1e-9);
}

// Candidates are then trained from scratch, each begun with a slice of weights that no training has touched.
BOOST_AUTO_TEST_CASE(without_steps_they_are_as_drawn) {
  const TemporaryFolder folder;
  const Experiment experiment =
      tiny_experiment(folder.path(), {"supernet.steps=0", "supernet.warmup=3", "finetune.steps=4", "search.systems=4"});
  const fs::path shared = folder / "shared", first = folder / "first", second = folder / "second";
  run_sharing(experiment, first, shared, false, "supernet 32-");
  run_sharing(experiment, first, shared, true);
  BOOST_TEST(run_sharing(experiment, second, shared).taken > 0);
  check_same_results(results(first), second);

  const auto backend = make_cpu_backend(1, "portable");
  const DataConfiguration data(32, Color::rgb);
  Metadata metadata;
  const Network supernet = load_supernet(*backend, RunFiles(first).supernet("32-rgb"), data, metadata);
  const Network drawn(*backend, supernet.layers(), stream_number(experiment.seed, "weights 32-rgb"));
  BOOST_TEST(std::memcmp(supernet.values().data, drawn.values().data, drawn.values().bytes()) == 0);
  const std::vector<Candidate> candidates = candidates_of(first);
  std::int64_t systems = 0;
  for (const Candidate& each : candidates) systems += each.twin_of == 0 ? 1 : 0;
  const auto supernets = summary(first)["supernets"].get<std::int64_t>();
  BOOST_TEST(candidates.back().images == supernets * 12 + systems * (4 * 8 + 12));
}

BOOST_AUTO_TEST_CASE(a_key_names_what_the_bytes_depend_on) {
  const TemporaryFolder folder;
  std::string scheme = "supernet.scheme=full";
  const auto key = [&](std::vector<std::string> overrides, int data = 0) {
    overrides.push_back(scheme);
    const Experiment experiment = tiny_experiment(folder.path(), overrides);
    const auto dataset = open_dataset(experiment.data, experiment.seed);
    return supernet_key(experiment, supernet_groups(experiment).at(data), *dataset, "portable");
  };
  std::string plain = key({});
  BOOST_TEST(plain.starts_with("32-monochrome-"));
  for (const char* change :
       {"name=x", "search.systems=5", "search.seed=3", "finetune.steps=9", "final.batch=4", "device.flash_kib=9",
        "fitness.ram=2", "data.cache=raw", "space.width=[0.5]", "switches.select_on_test=true",
        "switches.drop_residuals=true", "space.color=[\"monochrome\"]", "search.lanes=2"})
    BOOST_TEST(key({change}) == plain, change);
  for (const char* change : {"seed=6", "supernet.steps=8", "supernet.learning_rate=0.1", "data.images=56",
                             "data.crop_min_area=0.5", "space.depth=[2,1,1,0,0]", "search.recalibration_images=8",
                             "engine.micro_batch=4", "switches.keep_statistics=true"})
    BOOST_TEST(key({change}) != plain, change);
  BOOST_TEST(key({}, 1) != plain);

  // Of slices those that fit are drawn first: their space, the device, and what a switch takes for their needs.
  scheme = "supernet.scheme=random";
  BOOST_TEST(key({}) != plain);
  plain = key({});
  for (const char* change : {"name=x", "search.systems=5", "finetune.steps=9", "space.color=[\"monochrome\"]"})
    BOOST_TEST(key({change}) == plain, change);
  for (const char* change : {"seed=6", "device.flash_kib=9", "space.width=[0.5]", "supernet.fitting=0.7",
                             "switches.unfused_ram=true", "switches.keep_statistics=true"})
    BOOST_TEST(key({change}) != plain, change);
}

BOOST_AUTO_TEST_CASE(a_campaign_is_further_by_what_each_run_has_to_do_itself) {
  const TemporaryFolder folder;
  const auto backend = make_cpu_backend(1, "portable");
  const Experiment experiment = tiny_experiment(folder.path()), reseeded = tiny_experiment(folder.path(), {"seed=2"});
  WorkEstimate estimate(experiment, 2, 1000, *backend);
  const double whole = estimate.remaining();
  for (const SupernetGroup& group : supernet_groups(experiment)) estimate.supernet_done(group);
  const double systems = estimate.remaining(), all = 2 * whole + systems;
  BOOST_TEST(whole > systems);
  const Campaign campaign{"campaign", {{"a", experiment}, {"b", experiment}, {"a", reseeded}}};
  const std::vector<double> shares = shares_before(campaign, *backend);
  const double expected[]{0, whole / all, (whole + systems) / all, 1};
  BOOST_TEST_REQUIRE(shares.size() == 4u);
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(std::abs(shares[i] - expected[i]) < 1e-9);
  const Experiment timed = tiny_experiment(folder.path(), {"search.hours=1"});
  BOOST_TEST(shares_before({"campaign", {{"a", timed}, {"b", experiment}}}, *backend) ==
                 (std::vector<double>{0, 0.5, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
