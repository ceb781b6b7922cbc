#include "tiny.hpp"

#include <boost/test/unit_test.hpp>

namespace danas::test {

std::string tiny_experiment(const std::string& more) {
  return R"(name = "tiny"
seed = 3
[data]
kind = "synthetic"
images = 120
size = 48
[space]
resolution = [32, 48]
color = ["monochrome", "rgb"]
width = [0.1, 0.2, 0.3]
depth = [1, 1, 1, 0, 0]
[supernet]
steps = 6
batch = 8
[finetune]
steps = 2
batch = 8
[final]
steps = 2
batch = 8
[search]
systems = 8
population = 4
recalibration_images = 32
)" + more;
}

fs::path train_model(const Setting& setting, const fs::path& experiment, const std::string& out) {
  const Outcome outcome =
      run({"train", experiment.string(), "--arch", tiny_system, "--steps", "2", "--out", out, "--quiet"}, setting);
  BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
  return setting.directory / out / "model.safetensors";
}

}  // namespace danas::test
