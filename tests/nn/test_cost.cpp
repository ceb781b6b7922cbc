#include <boost/test/unit_test.hpp>

#include "nn/cost.hpp"
#include "support.hpp"

using namespace danas;
using namespace danas::test;

namespace {

const LayerList networks[] = {
    supernet_layers({32, 32, 3}, full_depth, 2), supernet_layers({96, 96, 1}, {2, 1, 1, 0, 0}, 3),
    slice_layers({64, 64, 3}, {{2, 3, 1, 2, 1}, 0.7}, 2), slice_layers({33, 33, 1}, {{0, 0, 0, 0, 0}, 0.3}, 5)};

std::int64_t macs_of(const LayerList& layers) {
  std::int64_t macs = 0;
  for (const Layer& row : layer_table(layers)) macs += row.macs;
  return macs;
}

// Of the heads that are no part of the way to the last layer.
std::int64_t branch_macs(const LayerList& layers) {
  std::int64_t macs = 0;
  for (std::size_t i = 0; i < layers.size(); ++i)
    if (is_branch(layers, i)) macs += std::int64_t{layers[i].in.channels} * layers[i].out.channels;
  return macs;
}

TrainingSettings settings_of(OptimizerKind optimizer, int batch) {
  TrainingSettings settings;
  settings.optimizer = optimizer;
  settings.batch = batch;
  settings.steps = 2;
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cost)

BOOST_AUTO_TEST_CASE(products_are_those_of_the_layer_table) {
  for (const LayerList& layers : networks) {
    const std::int64_t macs = macs_of(layers);
    BOOST_TEST(inference_cost(layers).products == 2.0 * static_cast<double>(macs));
    // Forward, by weights and by inputs; the images' gradients are not computed, nor what heads of earlier exits would
    // send back.
    const std::int64_t stem = layer_table(layers).front().macs, branches = branch_macs(layers);
    const double wanted = 2.0 * 5 * static_cast<double>(3 * macs - stem + 2 * branches);
    BOOST_TEST(training_cost(layers, settings_of(OptimizerKind::adam, 5)).step.products == wanted);
  }
}

BOOST_AUTO_TEST_CASE(memory_is_that_of_a_training) {
  for (const LayerList& layers : networks)
    for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::sgd}) {
      const TrainingSettings settings = settings_of(optimizer, 3);
      const TrainingCost cost = training_cost(layers, settings);
      const auto backend = make_cpu_backend(1, "portable");
      const Extent& input = input_of(layers);
      const ToyImages toy(*backend, input.height, input.channels, classes_of(layers), 3, 2);
      Network network(*backend, layers, 1);
      Optimizer own(*backend, network, settings);
      Trainer trainer(*backend);
      trainer.train(network, own, settings, toy.training(), 0, {});
      BOOST_TEST(cost.arena_bytes == trainer.peak_bytes());
      std::size_t statistics = 0, state = 0;
      for (const NamedWeight& weight : network.weights())
        if (!weight.trainable) statistics += (weight.view.bytes() + 63) / 64 * 64;
      for (const NamedWeight& weight : own.state()) state += weight.view.bytes();
      state +=
          2 * sizeof(double) + sizeof(std::int32_t);  // the rates of the steps between two looks, and their counter
      BOOST_TEST(cost.weight_bytes == network.values().bytes() + network.gradients().bytes() + statistics + state);
      BOOST_TEST(cost.batch_bytes == toy.batch(0).images.bytes() + toy.batch(0).labels.bytes());
    }
}

BOOST_AUTO_TEST_CASE(a_step_costs_more_with_more_images) {
  const TrainingCost one = training_cost(networks[2], settings_of(OptimizerKind::adam, 1)),
                     four = training_cost(networks[2], settings_of(OptimizerKind::adam, 4));
  BOOST_TEST(four.step.products == 4 * one.step.products);
  BOOST_TEST(four.step.bytes() < 4 * one.step.bytes());  // weights are read once
  BOOST_TEST(four.step.calls == one.step.calls);
}

BOOST_AUTO_TEST_SUITE_END()
