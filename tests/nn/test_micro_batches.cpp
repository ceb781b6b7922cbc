// Steps from parts of a batch.
#include <boost/test/unit_test.hpp>

#include "nn/cost.hpp"
#include "nn/steps.hpp"
#include "support.hpp"

using namespace danas;
using namespace danas::test;

namespace {

constexpr int resolution = 32, classes = 2, parts = 3, together = 4;

TrainingSettings settings_of(int batch, int micro_batch) {
  TrainingSettings settings;
  settings.steps = 4;
  settings.batch = batch;
  settings.micro_batch = micro_batch;
  return settings;
}

LayerList layers() { return supernet_layers({resolution, resolution, 3}, {1, 2, 0, 0, 0}, classes); }

/// What one step leaves, from weights that are always the same.
struct Step {
  std::vector<double> gradients, running_means;
  double loss = 0, accuracy = 0;
};

Step step(const Batch& batch, const TrainingSettings& settings) {
  const auto backend = make_cpu_backend(1, "portable");
  const Network network(*backend, layers(), 1);
  Optimizer optimizer(*backend, network, settings);
  optimizer.plan(0, 1);
  Arena arena(*backend);
  TrainingStep(arena, network, optimizer, 0.5).run(batch);
  const TrainingMeans means = optimizer.take_means(1, 1);
  return {numbers(network.gradients()), numbers(weight_named(network, "stem.bn.running_mean").view), means.loss,
          means.accuracy};
}

std::vector<double> train(std::int64_t first_step, std::int64_t steps, Network& network, Optimizer& optimizer,
                          const ToyImages& toy, Backend& backend) {
  Trainer trainer(backend);
  trainer.train(network, optimizer, settings_of(parts * together, together), toy.training(), first_step,
                [&](const StepReport& report) { return report.step + 1 < first_step + steps; });
  return numbers(network.values());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(micro_batches)

// Each part is normalized by itself: as if it were a batch of its own.
BOOST_AUTO_TEST_CASE(gradients_are_the_mean_of_those_of_the_parts) {
  const auto backend = make_cpu_backend(1, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, parts * together, 1);
  const Step whole = step(toy.batch(0), settings_of(parts * together, together));
  std::vector<double> mean(whole.gradients.size());
  double loss = 0, accuracy = 0;
  for (int part = 0; part < parts; ++part) {
    const Step own = step(toy.part(part * together, together), settings_of(together, 0));
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += own.gradients[i] / parts;
    loss += own.loss / parts;
    accuracy += own.accuracy / parts;
  }
  BOOST_TEST(largest_difference(whole.gradients, mean) <= 1e-6);
  BOOST_TEST(largest_difference(mean, std::vector<double>(mean.size())) > 1e-3);
  BOOST_TEST(whole.loss == loss, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(whole.accuracy == accuracy, boost::test_tools::tolerance(1e-12));
  const Step uncut = step(toy.batch(0), settings_of(parts * together, 0));
  BOOST_TEST(largest_difference(uncut.gradients, mean) > 1e-4);
}

BOOST_AUTO_TEST_CASE(a_part_as_large_as_the_batch_is_the_batch) {
  const auto backend = make_cpu_backend(1, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, together, 1);
  const Step uncut = step(toy.batch(0), settings_of(together, 0));
  for (const int micro : {together, 2 * together})
    BOOST_TEST(step(toy.batch(0), settings_of(together, micro)).gradients == uncut.gradients);
}

BOOST_AUTO_TEST_CASE(a_resumed_training_goes_on_bit_for_bit) {
  const auto backend = make_cpu_backend(2, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, parts * together, 4);
  const auto begin = [&] { return Network(*backend, layers(), 1); };
  const TrainingSettings settings = settings_of(parts * together, together);
  Network whole = begin(), interrupted = begin();
  Optimizer of_whole(*backend, whole, settings), of_interrupted(*backend, interrupted, settings);
  const std::vector<double> wanted = train(0, 4, whole, of_whole, toy, *backend);
  train(0, 2, interrupted, of_interrupted, toy, *backend);
  BOOST_TEST(train(2, 2, interrupted, of_interrupted, toy, *backend) == wanted);
  BOOST_TEST(same_weights(interrupted, whole));
}

// Activations are those of one part; beside them there is one more tensor of gradients.
BOOST_AUTO_TEST_CASE(memory_is_that_of_a_part) {
  const TrainingCost cut = training_cost(layers(), settings_of(parts * together, together)),
                     part = training_cost(layers(), settings_of(together, 0)),
                     uncut = training_cost(layers(), settings_of(parts * together, 0));
  BOOST_TEST(cut.arena_bytes == part.arena_bytes);
  BOOST_TEST(cut.arena_bytes < uncut.arena_bytes);
  BOOST_TEST(cut.batch_bytes == uncut.batch_bytes);
  const auto backend = make_cpu_backend(1, "portable");
  const Network network(*backend, layers(), 1);
  BOOST_TEST(cut.weight_bytes - uncut.weight_bytes == network.gradients().bytes());
  BOOST_TEST(cut.step.products == uncut.step.products);
  const ToyImages toy(*backend, resolution, 3, classes, parts * together, 1);
  Network trained(*backend, layers(), 1);
  Trainer trainer(*backend);
  trainer.train(trained, settings_of(parts * together, together), toy.training(), {});
  BOOST_TEST(trainer.peak_bytes() == cut.arena_bytes);
}

BOOST_AUTO_TEST_CASE(parts_are_of_one_size) {
  BOOST_TEST(parts_of(settings_of(12, 4)) == 3);
  BOOST_TEST(parts_of(settings_of(12, 0)) == 1);
  BOOST_TEST(parts_of(settings_of(12, 24)) == 1);
  BOOST_CHECK_THROW(parts_of(settings_of(12, 5)), Error);
}

BOOST_AUTO_TEST_SUITE_END()
