// A clock beside a backend changes nothing, misses nothing and counts what the backend that counts does.
#include <boost/test/unit_test.hpp>

#include <map>

#include "nn/cost.hpp"
#include "nn/steps.hpp"
#include "support.hpp"
#include "tensor/timing_backend.hpp"

using namespace danas;
using namespace danas::test;

namespace {

constexpr int batch = 3, steps = 4;  // fewer than those after which a training is looked at

const LayerList layers = supernet_layers({32, 32, 3}, {1, 1, 0, 0, 0}, 2);

TrainingSettings settings() {
  TrainingSettings settings;
  settings.batch = batch;
  settings.steps = 500;
  return settings;
}

void train(Backend& backend, Network& network, const std::function<void()>& begin,
           const std::function<void()>& end_step) {
  const ToyImages images(backend, 32, 3, 2, batch, 1);
  Trainer trainer(backend);
  trainer.train(
      network, settings(),
      [&](std::int64_t step) {
        if (step == 0) begin();
        return images.batch(0);
      },
      [&](const StepReport& report) {
        end_step();
        return report.step + 1 < steps;
      });
}

Cost total(const std::vector<TimedOperation>& operations) {
  Cost sum;
  for (const TimedOperation& operation : operations) sum += operation.cost;
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timing)

BOOST_AUTO_TEST_CASE(a_training_is_the_same_and_wholly_counted) {
  const auto backend = make_cpu_backend(2);
  Network plain(*backend, layers, 1);
  train(
      *backend, plain, [] {}, [] {});

  TimingBackend timing(*backend);
  Network timed(timing, layers, 1);
  for (const NamedWeight& weight : timed.weights())
    timing.assign(weight.view.data, weight.name.substr(0, weight.name.find('.')));
  train(
      timing, timed, [&] { timing.begin(); }, [&] { timing.end_step(); });
  BOOST_TEST(same_weights(plain, timed));

  const auto operations = timing.operations();
  const Cost counted = total(operations), wanted = training_cost(layers, settings()).step;
  BOOST_TEST(counted.products == wanted.products);
  BOOST_TEST(counted.elementwise == wanted.elementwise);
  BOOST_TEST(counted.read == wanted.read);
  BOOST_TEST(counted.written == wanted.written);
  BOOST_TEST(counted.calls == wanted.calls);

  double seconds = 0;
  for (const TimedOperation& operation : operations) {
    BOOST_TEST(operation.seconds > 0, operation.layer << " " << operation.operation);
    seconds += operation.seconds;
  }
  BOOST_TEST(seconds <= timing.step_seconds());
}

BOOST_AUTO_TEST_CASE(operations_are_of_the_layer_whose_weights_or_outputs_they_take) {
  const auto backend = make_cpu_backend(1);
  TimingBackend timing(*backend);
  const Network network(timing, layers, 1);
  for (const NamedWeight& weight : network.weights())
    timing.assign(weight.view.data, weight.name.substr(0, weight.name.find('.')));
  Arena held(timing), arena(timing);
  const LayerList slice = slice_layers({32, 32, 3}, {{1, 1, 0, 0, 0}, 0.5}, 2);
  EvaluationStep step(held, arena, network, slice);
  const ToyImages images(timing, 32, 3, 2, batch, 1);
  timing.begin();
  for (int i = 0; i < 2; ++i) {
    step.run(images.batch(0));
    timing.end_step();
  }
  // The folded weights lie elsewhere; all blocks are one layer here, told together.
  std::map<std::string, std::string> layer_of;
  for (const TimedOperation& each : timing.operations()) {
    BOOST_TEST(layer_of.emplace(each.operation, each.layer).second);
    BOOST_TEST(each.layer != "", each.operation);
  }
  BOOST_TEST(layer_of.at("bottleneck_inference") == "blocks");
  BOOST_TEST(layer_of.at("global_average_pool") == "blocks");
  BOOST_TEST(layer_of.at("matmul") == "heads");
  BOOST_TEST(layer_of.at("count_predictions") == "heads");
}

BOOST_AUTO_TEST_SUITE_END()
