// Searches over sounds: their keys, what is predicted of a recording, and a search that is killed.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstring>
#include <set>

#include "../data/audio/sounds.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "data/loader.hpp"
#include "data/preparation.hpp"
#include "nas/model_file.hpp"
#include "nn/trainer.hpp"
#include "tensor/tensor.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

std::string sound_data(const fs::path& folder) {
  return "seed = 5\n[data]\nkind = \"audio_folders\"\npath = \"" + (folder / "sounds").string() +
         "\"\ncache_path = \"" + (folder / "cache").string() + "\"\nseconds = 0.5\n";
}

std::string sound_toml(const fs::path& folder, const std::string& space) {
  return sound_data(folder) + "[space]\n" + space +
         "width = [0.2, 0.5, 1.0]\ndepth = [2, 1, 1, 1, 1]\n"
         "[supernet]\nsteps = 7\nbatch = 8\n[finetune]\nsteps = 2\nbatch = 8\n[final]\nsteps = 3\nbatch = 8\n"
         "[search]\nsystems = 8\npopulation = 4\nrecalibration_images = 16\nobjectives = [\"f1\", \"flash_bytes\"]\n";
}

// One frame of bands or coefficients at the lower rate, four at the higher one.
const std::string small_space = "sample_rate = [1000, 4000]\nfeature = [\"mel\", \"mfcc\"]\n";

Experiment parse_sounds(const std::string& space, const std::vector<std::string>& overrides = {}) {
  return parse_experiment(sound_toml("/there", space), "/there/sounds.toml", overrides);
}

std::string complaint(const std::string& space, const std::vector<std::string>& overrides = {}) {
  try {
    parse_sounds(space, overrides);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

void write_sounds(const fs::path& root) {
  Random random(3, "sounds");
  for (const char* const name : {"low", "high"})
    for (int i = 0; i < 16; ++i) {
      std::vector<double> samples = tone(*name == 'l' ? 150 + i : 350 + i, 0.2, 0.4 + 0.02 * i, 4000);
      for (double& sample : samples) sample += 0.1 * random.uniform(-1, 1);
      fs::create_directories(root / name);
      write_file(root / name / (std::to_string(i) + ".wav"), pcm16(samples, 4000));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sounds)

BOOST_AUTO_TEST_CASE(keys) {
  const Experiment experiment = parse_sounds(small_space);
  std::string texts;
  for (const DataConfiguration& data : experiment.space.data_configurations()) texts += data.text() + " ";
  BOOST_TEST(texts == "1000-mel-0.5s 1000-mfcc-0.5s 4000-mel-0.5s 4000-mfcc-0.5s ");
  BOOST_TEST(parse_sounds("").space.data_configurations().size() == 24u);
  const std::string toml = experiment.to_toml();
  BOOST_TEST(toml.find("resolution") == std::string::npos);
  BOOST_TEST(parse_experiment(toml, "/there/sounds.toml").to_toml() == toml);
  BOOST_TEST(parse_sounds(small_space, {"switches.constant_noise=true"}).data.mixing.constant_for_anomalous);

  BOOST_TEST(
      complaint("color = [\"rgb\"]\n") ==
      "[/there/sounds.toml:8: space.color] expected sample_rate and feature, as recordings have them (data.kind is "
      "\"audio_folders\"), got color");
  BOOST_TEST(complaint("", {"data.kind=folders", "space.feature=[\"mel\"]"}).find("resolution and color, as images") !=
             std::string::npos);
  BOOST_TEST(complaint("feature = [\"loud\"]\n").find("one of \"spectrogram\", \"mel\", \"mfcc\"") !=
             std::string::npos);
  BOOST_TEST(complaint("sample_rate = [6000, 6000]\n").find("twice") != std::string::npos);
  BOOST_TEST(complaint("sample_rate = [48000]\n", {"data.seconds=44"}).find("44 s at 48000 Hz") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(killed_and_resumed_it_gives_the_same, *boost::unit_test::label("slow")) {
  const TemporaryFolder folder;
  write_sounds(folder / "sounds");
  const Experiment experiment = parse_experiment(sound_toml(folder.path(), small_space), folder / "sounds.toml");
  run_tiny(experiment, folder / "caching", false);  // every run makes the same calls then
  int calls = 0;
  run_tiny(experiment, folder / "whole", false, 1, [&](int call, auto&) { calls = call; });
  for (const int moment : {calls / 3, 2 * calls / 3}) {
    const fs::path directory = folder / ("run" + std::to_string(moment));
    BOOST_TEST(killed([&] {
      run_tiny(experiment, directory, false, 1, [&](int call, auto&) {
        if (call == moment) ::raise(SIGKILL);
      });
    }));
    run_tiny(experiment, directory, true, 3);
    check_same_results(results(folder / "whole"), directory);
  }
}

// At 3000 Hz 0.5 s are three frames, of which two convolutions of 3×3 leave nothing; 0.8 s are five.
BOOST_AUTO_TEST_CASE(stacks_are_searched_over_sounds) {
  const TemporaryFolder folder;
  write_sounds(folder / "sounds");
  const std::string toml = sound_data(folder.path()) +
                           "[space]\nnetwork = \"layers\"\nsample_rate = [3000, 4000]\nfeature = [\"mel\", \"mfcc\"]\n"
                           "filters = [2, 4]\nkernel = [3]\nlayers = 2\n[scratch]\nsteps = 3\nbatch = 8\n"
                           "[final]\nsteps = 2\nbatch = 8\n[search]\nsystems = 8\npopulation = 4\n"
                           "objectives = [\"f1\", \"flash_bytes\"]\n";
  const auto parse = [&](const std::vector<std::string>& overrides) {
    return parse_experiment(toml, folder / "stacks.toml", overrides);
  };
  BOOST_CHECK_EXCEPTION(parse({}), Error, [](const Error& error) {
    return std::string(error.what()).find("leave something of 3 pixels") != std::string::npos;
  });
  const Experiment experiment = parse({"data.seconds=0.8"});
  run_tiny(experiment, folder / "whole", false);
  const std::vector<Candidate> candidates = candidates_of(folder / "whole");
  BOOST_TEST(candidates.size() == 8u);
  std::set<std::string> seen;
  for (const Candidate& candidate : candidates) {
    BOOST_TEST((candidate.outcome == Outcome::evaluated || candidate.outcome == Outcome::twin));
    seen.insert(candidate.data);
  }
  BOOST_TEST(seen.size() > 1u);
  run_tiny(experiment, folder / "stopped", false, 2, [](int call, auto& interrupt) { interrupt = call == 9; });
  run_tiny(experiment, folder / "stopped", true);
  check_same_results(results(folder / "whole"), folder / "stopped");
}

BOOST_AUTO_TEST_CASE(predict_and_evaluate_agree_to_the_last_bit) {
  const TemporaryFolder folder;
  write_sounds(folder / "sounds");
  for (const char* const space :
       {"sample_rate = [1000]\nfeature = [\"mfcc\"]\n", "sample_rate = [4000]\nfeature = [\"mel\"]\n"}) {
    const Experiment experiment = parse_experiment(sound_toml(folder.path(), space), folder / "sounds.toml");
    const fs::path run = folder / experiment.space.data_configurations()[0].text();
    run_tiny(experiment, run, false);
    const auto backend = make_cpu_backend(2);
    Trainer together(*backend), alone(*backend);
    Metadata metadata;
    for (const auto& entry : fs::directory_iterator(run / "models")) {
      if (entry.path().extension() != ".safetensors") continue;
      const Network network = load_model(*backend, entry.path(), metadata);
      const DataConfiguration data = parse_system(metadata.at("system")).data;
      BOOST_TEST(metadata.at("preparation") == "sound-u8-1-" + data.text());
      const ImageStore store(open_dataset(experiment.data, experiment.seed), experiment.data, {});
      const Extent input = data.input();
      EvaluationLoader loader(store.evaluation(Split::test, data), input, 3);
      std::size_t seen = 0;
      for (Batch batch = loader.next(); batch.images.n > 0; batch = loader.next()) {
        const View logits = together.predict(network, network.layers(), batch.images);
        for (std::int64_t i = 0; i < batch.images.n; ++i) {
          const Tensor shown(*backend, 1, input.height, input.width, input.channels);
          prepare_file(*backend, data, store.dataset().samples(Split::test)[seen++].file, shown.view());
          const View one = alone.predict(network, network.layers(), shown.view());
          BOOST_TEST(std::memcmp(one.as<float>(), logits.as<float>() + 2 * i, 2 * sizeof(float)) == 0);
        }
      }
      BOOST_TEST(seen == store.dataset().samples(Split::test).size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
