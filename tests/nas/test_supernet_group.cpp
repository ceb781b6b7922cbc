// One supernet for all resolutions of a color.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/model_file.hpp"
#include "nas/shared_supernets.hpp"
#include "nas/supernet_group.hpp"
#include "nas/training_memory.hpp"
#include "nn/mobilenet_v2.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

Experiment sharing(const fs::path& folder, std::vector<std::string> overrides = {}) {
  for (const char* each : {"supernet.shared=resolutions", "space.resolution=[16,32]", "search.systems=6"})
    overrides.insert(overrides.begin(), each);
  return tiny_experiment(folder, overrides);
}

void check_resumed(const std::string& scheme) {
  const TemporaryFolder folder;
  const Experiment experiment = sharing(folder.path(), {"supernet.scheme=" + scheme});
  const fs::path whole = folder.path() / "whole", again = folder.path() / "again";
  run_tiny(experiment, whole, false);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(whole / "supernets")) names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  BOOST_TEST(names == (std::vector<std::string>{"monochrome", "rgb"}), boost::test_tools::per_element());

  // At the fourth step of a supernet's seven, and of the next one's.
  bool resume = false;
  for (int stops = 0; stops < 2; ++stops, resume = true)
    BOOST_TEST(
        run_tiny(experiment, again, resume, 1, [&](int call, auto& flag) { flag = flag || call >= 6; }).interrupted);
  BOOST_TEST(!run_tiny(experiment, again, true, 2).interrupted);
  check_same_results(results(whole), again);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(supernets_of_all_resolutions)

BOOST_AUTO_TEST_CASE(a_group_has_the_resolutions_of_a_color) {
  const TemporaryFolder folder;
  const auto groups = supernet_groups(sharing(folder.path()));
  BOOST_TEST_REQUIRE(groups.size() == 2u);
  BOOST_TEST(groups[1].name == "rgb");
  BOOST_TEST((groups[1].data == std::vector<DataConfiguration>{{16, Color::rgb}, {32, Color::rgb}}));
  BOOST_TEST(group_of(supernet_groups(sharing(folder.path())), {16, Color::monochrome}).name == "monochrome");
  const auto alone = supernet_groups(tiny_experiment(folder.path()));
  BOOST_TEST_REQUIRE(alone.size() == 2u);
  BOOST_TEST(alone[1].name == "32-rgb");
  BOOST_CHECK_THROW(group_of(supernet_groups(tiny_experiment(folder.path())), {16, Color::rgb}), Error);
}

BOOST_AUTO_TEST_CASE(each_step_draws_a_resolution) {
  const TemporaryFolder folder;
  for (const char* scheme : {"full", "random"}) {
    const Experiment experiment = sharing(folder.path(), {std::string("supernet.scheme=") + scheme});
    const GroupSchedule schedule(experiment, supernet_groups(experiment)[1], 2);
    const SliceSource slices = schedule.slices();
    BOOST_TEST_REQUIRE(static_cast<bool>(slices));
    std::map<int, int> counts;
    constexpr int steps = 400;
    for (int step = steps - 1; step >= 0; --step) {
      const BatchStream stream = schedule.stream(step);
      ++counts[stream.data.image()->resolution];
      BOOST_TEST(stream.number == stream_number(experiment.seed, "supernet " + stream.data.text()));
      BOOST_TEST((input_of(slices(step).front()) == stream.data.input()));
    }
    BOOST_TEST(counts[16] + counts[32] == steps);
    BOOST_TEST(std::abs(counts[16] - steps / 2) < 5 * std::sqrt(steps) / 2);
  }
  const Experiment alone = tiny_experiment(folder.path(), {"supernet.scheme=full"});
  BOOST_TEST(!GroupSchedule(alone, supernet_groups(alone)[0], 2).slices());
}

BOOST_AUTO_TEST_CASE(work_and_memory_are_those_of_its_resolutions) {
  const TemporaryFolder folder;
  const auto work = [&](const std::string& resolutions, const std::string& shared) {
    const Experiment experiment =
        sharing(folder.path(), {"space.resolution=" + resolutions, "supernet.shared=" + shared});
    return GroupSchedule(experiment, supernet_groups(experiment)[1], 2).work();
  };
  const double both = work("[16,32]", "resolutions");
  BOOST_TEST(std::abs(both / ((work("[16]", "none") + work("[32]", "none")) / 2) - 1) < 1e-12);
  const auto backend = make_cpu_backend(1, "portable");
  const auto memory = [&](const std::string& shared) {
    return largest_supernet_training(sharing(folder.path(), {"supernet.shared=" + shared}), 2, *backend);
  };
  BOOST_TEST(memory("resolutions").training.starts_with("supernet rgb"));
  BOOST_TEST(memory("resolutions").bytes > memory("none").bytes);  // with more batches
}

BOOST_AUTO_TEST_CASE(interrupted_and_resumed_it_is_the_same) { check_resumed("full"); }
BOOST_AUTO_TEST_CASE(interrupted_and_resumed_with_slices, *boost::unit_test::label("slow")) { check_resumed("random"); }

// What is cut out of it at a resolution computes what a network of that resolution with these weights does.
BOOST_AUTO_TEST_CASE(its_slices_are_networks_of_every_resolution) {
  const TemporaryFolder folder;
  const Experiment experiment = sharing(folder.path(), {"search.strategy=random"});
  const fs::path directory = folder.path() / "run";
  const auto summary = nlohmann::json::parse(run_tiny(experiment, directory, false).summary_json);
  const auto backend = make_cpu_backend(1, "portable");
  const ImageStore store(open_dataset(experiment.data, experiment.seed), experiment.data,
                         image_use(experiment, search_draws(experiment)));
  ImageCounts counts;
  ResidentImages resident(*backend, 0);
  SystemTrainer trainer(experiment, store, *backend, resident, nullptr, counts);
  Metadata metadata;
  Network supernet = load_supernet(*backend, directory / "supernets" / "rgb.safetensors", {32, Color::rgb}, metadata);
  BOOST_TEST(metadata.at("data") == "rgb");
  std::map<int, double> losses;
  for (const int resolution : {16, 32}) {
    const DataConfiguration data(resolution, Color::rgb);
    const LayerList slice = system_layers({data, Slice{{2, 1, 1, 1, 0}, 1.0}}, 2);
    const LayerList whole = supernet_layers(data.input(), {2, 1, 1, 1, 0}, 2);
    trainer.recalibrate(supernet, whole, data);
    Network network(*backend, slice);
    for (const NamedWeight& to : network.weights())
      for (const NamedWeight& from : supernet.weights())
        if (from.name == to.name) backend->copy(from.view, to.view);
    const Metrics apart = trainer.evaluate(network, slice, data, Split::validation);
    const Metrics in_place = trainer.evaluate(supernet, slice, data, Split::validation);
    const Metrics gathered = trainer.evaluate(supernet.gather(slice), slice, data, Split::validation);
    for (const Metrics& metrics : {in_place, gathered}) {
      BOOST_TEST(metrics.loss == apart.loss);
      BOOST_TEST(metrics.accuracy == apart.accuracy);
    }
    losses[resolution] = apart.loss;
  }
  BOOST_TEST(losses[16] != losses[32]);

  // 7 × 8 images a supernet, the 12 of validation at both resolutions; 2 × 8 and those 12 for each system.
  const std::vector<Candidate> candidates = candidates_of(directory);
  std::int64_t systems = 0;
  for (const Candidate& each : candidates) systems += each.twin_of == 0 ? 1 : 0;
  const auto supernets = summary.at("supernets").get<std::int64_t>();
  BOOST_TEST(supernets == 2);
  BOOST_TEST(candidates.back().images == supernets * (7 * 8 + 2 * 12) + systems * (2 * 8 + 12));
  BOOST_TEST(read_file(directory / "training.csv").find("\nsupernet rgb,") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_key_names_its_resolutions) {
  const TemporaryFolder folder;
  const auto key = [&](const std::vector<std::string>& overrides) {
    const Experiment experiment = sharing(folder.path(), overrides);
    const auto dataset = open_dataset(experiment.data, experiment.seed);
    return supernet_key(experiment, group_of(supernet_groups(experiment), {32, Color::rgb}), *dataset, "portable");
  };
  const std::string plain = key({});
  BOOST_TEST(plain.starts_with("rgb-"));
  BOOST_TEST(key({"space.color=[\"rgb\"]"}) == plain);
  BOOST_TEST(key({"space.resolution=[16,32,48]"}) != plain);
  BOOST_TEST(key({"space.resolution=[32]"}) != plain);
}

BOOST_AUTO_TEST_SUITE_END()
