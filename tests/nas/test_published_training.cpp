// What the published code does other than the paper in training: each switch by what it leaves in models and supernets.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/candidate_fields.hpp"
#include "nas/evaluation.hpp"
#include "nas/model_file.hpp"
#include "nn/mobilenet_v2.hpp"
#include "results/candidate_table.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

/// The models and supernets of a tiny search, in which nothing but the statistics is trained.
struct StillSearch {
  explicit StillSearch(const std::string& override) {
    std::vector<std::string> overrides{"search.systems=4", "finetune.learning_rate=1e-30", "final.learning_rate=1e-30"};
    if (!override.empty()) overrides.push_back(override);
    run_tiny(tiny_experiment(folder.path(), overrides), directory, false);
    for (const FrontRow& row : front_of(directory)) ids.push_back(row.id);
    for (const Candidate& candidate : candidates_of(directory)) systems[candidate.id] = system_of(candidate);
  }

  Network model(std::int64_t id) const {
    Metadata metadata;
    return load_model(*backend, directory / "models" / (std::to_string(id) + ".safetensors"), metadata);
  }
  Network slice(std::int64_t id) const {
    const System& system = systems.at(id);
    Metadata metadata;
    const Network supernet =
        load_supernet(*backend, directory / "supernets" / (system.data.text() + ".safetensors"), system.data, metadata);
    return supernet.gather(system_layers(system, 2));
  }
  std::vector<double> numbers(const Network& network, const std::string& name) const {
    std::vector<double> values;
    for (const NamedWeight& weight : network.weights())
      if (weight.name == name) download_numbers(*backend, weight.view, values);
    BOOST_REQUIRE(!values.empty());
    return values;
  }

  TemporaryFolder folder;
  fs::path directory = folder.path() / "run";
  std::unique_ptr<Backend> backend = make_cpu_backend(1);
  std::vector<std::int64_t> ids;
  std::map<std::int64_t, System> systems;
};

// Copies what a candidate has trained to where it was cut from, element by element; masked filters, the last `masked` output
// channels, stay.
void put_back(const Network& supernet, const Network& candidate) {
  std::map<std::string, int> left;
  for (const LayerSpec& part : unfold(candidate.layers()))
    if (part.masked > 0) left[part.weight + ".weight"] = part.out.channels - part.masked;
  for (const NamedWeight& weight : candidate.weights()) {
    const auto to = std::find_if(supernet.weights().begin(), supernet.weights().end(),
                                 [&](const NamedWeight& each) { return each.name == weight.name; });
    for (std::int64_t i = 0; i < weight.view.size(); ++i) {
      if (left.contains(weight.name) && i % weight.shape.back() >= left.at(weight.name)) continue;
      std::int64_t rest = i, place = 0, stride = 1;
      for (std::size_t axis = weight.shape.size(); axis-- > 0; stride *= to->shape[axis]) {
        place += rest % weight.shape[axis] * stride;
        rest /= weight.shape[axis];
      }
      set(to->view, place, get(weight.view, i));
    }
  }
}

/// A search whose candidates change the supernet, and the same by hand.
struct ChangingSearch {
  explicit ChangingSearch(const std::vector<std::string>& more) {
    std::vector<std::string> overrides{"search.systems=3", "space.color=[\"rgb\"]", "space.depth=[1,1,0,0,0]",
                                       "switches.change_supernet=true"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    experiment = tiny_experiment(folder.path(), overrides);
    run_tiny(experiment, directory, false);
  }

  Network read(const fs::path& file) const {
    Metadata metadata;
    return load_supernet(*backend, directory / file, parse_system("32,rgb,0-0-0-0-0,1.0").data, metadata);
  }

  Network changed_by_hand() const {
    const ImageStore store(open_dataset(experiment.data, experiment.seed), experiment.data,
                           image_use(experiment, search_draws(experiment)));
    ImageCounts counts;
    ResidentImages resident(*backend, 0);
    SystemTrainer trainer(experiment, store, *backend, resident, nullptr, counts);
    const Network supernet = read("supernets/32-rgb.safetensors");
    for (const Candidate& candidate : candidates_of(directory)) {
      const System system = system_of(candidate);
      Network network = supernet.gather(candidate_layers(system, 2, experiment.switches));
      Optimizer optimizer(*backend, network, experiment.finetune);
      const BatchStream stream{system.data, batch_stream(experiment, TrainingPhase::finetune, system)};
      trainer.train(network, optimizer, experiment.finetune, [&](std::int64_t) { return stream; }, 0, {});
      trainer.recalibrate(network, network.layers(), system.data);
      put_back(supernet, network);
    }
    return supernet.gather(supernet.layers());
  }

  TemporaryFolder folder;
  fs::path directory = folder.path() / "run";
  std::unique_ptr<Backend> backend = make_cpu_backend(1, "portable");
  Experiment experiment;
};

bool same(const Network& a, const Network& b, const std::string& prefix = "") {
  for (std::size_t i = 0; i < a.weights().size(); ++i) {
    const NamedWeight &x = a.weights()[i], &y = b.weights()[i];
    if (x.name.starts_with(prefix) && std::memcmp(x.view.data, y.view.data, x.view.bytes()) != 0) return false;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(published_training)

BOOST_AUTO_TEST_CASE(models_without_residuals_are_read_so) {
  const StillSearch search("switches.drop_residuals=true");
  BOOST_REQUIRE(!search.ids.empty());
  for (const std::int64_t id : search.ids) {
    const Network model = search.model(id);
    for (const LayerSpec& layer : model.layers()) BOOST_TEST(!layer.residual);
  }
}

BOOST_AUTO_TEST_CASE(new_heads) {
  for (const bool fresh : {false, true}) {
    const StillSearch search(fresh ? "switches.fresh_heads=true" : "");
    for (const std::int64_t id : search.ids) {
      const Network model = search.model(id), slice = search.slice(id);
      const std::string head = model.layers().back().name + ".weight";
      BOOST_TEST((search.numbers(model, head) == search.numbers(slice, head)) == !fresh);
      BOOST_TEST((search.numbers(model, "stem.conv.weight") == search.numbers(slice, "stem.conv.weight")));
    }
  }
}

// Variances begin at 1 and lose 0.1 % a step: 7 of the supernet, 2 of fine-tuning, 3 at the end. Recalibrated ones are those
// of the images.
BOOST_AUTO_TEST_CASE(kept_statistics) {
  for (const bool kept : {false, true}) {
    const StillSearch search(kept ? "switches.keep_statistics=true" : "");
    BOOST_REQUIRE(!search.ids.empty());
    double least = 1;
    for (const std::int64_t id : search.ids)
      for (const double variance : search.numbers(search.model(id), "stem.bn.running_var"))
        least = std::min(least, variance);
    BOOST_TEST((least >= std::pow(0.999, 12) - 1e-6) == kept);
  }
}

// Slices, and networks of full width whose masked filters are not theirs.
BOOST_AUTO_TEST_CASE(candidates_change_the_supernet) {
  for (const char* masks : {"switches.mask_width=false", "switches.mask_width=true"}) {
    const ChangingSearch search({masks});
    const Network changed = search.read("state/supernets/32-rgb.3.safetensors");
    BOOST_TEST(same(changed, search.changed_by_hand()), masks);
    BOOST_TEST(!same(changed, search.read("supernets/32-rgb.safetensors")));
    BOOST_TEST(std::distance(fs::directory_iterator(search.directory / "state" / "supernets"), {}) == 1);
  }
}

BOOST_AUTO_TEST_CASE(new_heads_are_not_the_supernets) {
  const ChangingSearch search({"switches.fresh_heads=true"});
  const Network trained = search.read("supernets/32-rgb.safetensors"),
                changed = search.read("state/supernets/32-rgb.3.safetensors");
  BOOST_TEST(same(changed, trained, "heads."));
  BOOST_TEST(!same(changed, trained, "stem."));
}

// A lost model could be made again of another supernet only: those that final training put off the front stay, too.
BOOST_AUTO_TEST_CASE(models_that_cannot_be_made_again) {
  const ChangingSearch search({"search.systems=6", "seed=6", "final.learning_rate=0.1", "device.ram_kib=500"});
  const std::vector<Candidate> candidates = candidates_of(search.directory);
  const std::vector<std::size_t> found = front_of(candidates, search.experiment.search.objectives, false);
  for (const std::size_t i : found)
    BOOST_TEST(fs::exists(search.directory / "models" / (std::to_string(candidates[i].id) + ".safetensors")));
  BOOST_TEST(front_of(search.directory).size() < found.size());
  fs::remove_all(search.directory / "models");
  fs::remove(search.directory / "summary.json");
  BOOST_CHECK_EXCEPTION(run_tiny(search.experiment, search.directory, true), Error, [](const Error& error) {
    return std::string(error.what()).find("candidates change the supernet") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(the_same_images_for_all) {
  Experiment experiment;
  const System one = parse_system("32,rgb,1-0-0-0-0,0.5"), other = parse_system("32,rgb,1-1-0-0-0,1.0");
  const auto agree = [&](TrainingPhase phase) {
    return batch_stream(experiment, phase, one) == batch_stream(experiment, phase, other);
  };
  BOOST_TEST(!agree(TrainingPhase::finetune));
  experiment.switches.same_images = true;
  BOOST_TEST(agree(TrainingPhase::finetune));
  BOOST_TEST(!agree(TrainingPhase::final));
}

// What a supernet depends on, and nothing else: its bytes.
BOOST_AUTO_TEST_CASE(switches_that_act_on_supernets) {
  const TemporaryFolder folder;
  const auto supernet = [&](const Switches& switches, const std::string& name) {
    Experiment experiment =
        tiny_experiment(folder.path(), {"search.systems=1", "supernet.scheme=full", "supernet.steps=2", "final.steps=1",
                                        "data.size=64", "space.color=[\"monochrome\"]", "space.depth=[1,0,0,0,0]"});
    experiment.switches = switches;
    run_tiny(experiment, folder.path() / name, false);
    return read_file(folder.path() / name / "supernets" / "32-monochrome.safetensors");
  };
  const Switches acting = supernet_switches(switches_of(Protocol::published));
  const std::string corrected = supernet({}, "corrected");
  Switches others;
#define DANAS_SWITCH(name)                                    \
  others.name = !acting.name;                                 \
  if (acting.name) {                                          \
    Switches alone;                                           \
    alone.name = true;                                        \
    BOOST_TEST((supernet(alone, #name) != corrected), #name); \
    BOOST_TEST((supernet_switches(alone) == alone));          \
  }
  DANAS_SWITCHES(DANAS_SWITCH)
#undef DANAS_SWITCH
  BOOST_TEST((supernet(others, "others") == corrected));
  BOOST_TEST((supernet_switches(others) == Switches()));
}

// Everything that the published code does: gone on with beyond its end, and killed and interrupted on the way.
BOOST_AUTO_TEST_CASE(a_published_search_resumed) {
  const TemporaryFolder folder;
  const auto experiment = [&](const char* systems) {
    return tiny_experiment(folder.path(), {"protocol=published", "data.size=64", "space.depth=[1,1,0,0,0]", systems});
  };
  const Experiment all = experiment("search.systems=7");
  const fs::path longer = folder.path() / "longer";
  run_tiny(experiment("search.systems=4"), longer, false);
  int calls = 0;
  run_tiny(all, folder.path() / "whole", false, 1, [&](int call, auto&) { calls = call; });
  const auto expected = results(folder.path() / "whole");
  for (const int moment : {calls / 2, calls * 3 / 4}) {
    const fs::path run = folder.path() / std::to_string(moment);
    BOOST_TEST(killed([&] {
      run_tiny(all, run, false, 1, [&](int call, auto&) {
        if (call == moment) ::raise(SIGKILL);
      });
    }));
    run_tiny(all, run, true, 2, [&](int call, auto& interrupt) { interrupt = interrupt || call == 4; });
    run_tiny(all, run, true, 2);
    check_same_results(expected, run);
  }
  run_tiny(all, longer, true);
  auto found = results(longer), wanted = expected;  // rows of final training stand where they were written
  for (auto* files : {&found, &wanted}) files->erase("training.csv");
  BOOST_TEST((found == wanted));
}

BOOST_AUTO_TEST_SUITE_END()
