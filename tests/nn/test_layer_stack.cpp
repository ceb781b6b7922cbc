// Another architecture than MobileNetV2: a list of layers is all that a network needs to be trained, saved, described.
#include <boost/test/unit_test.hpp>

#include "../temporary_folder.hpp"
#include "nn/checkpoint.hpp"
#include "nn/forward.hpp"
#include "support.hpp"

using namespace danas;
using namespace danas::test;

namespace {

constexpr int side = 14, classes = 3;

LayerList stack() {
  const Extent input{side, side, 1};
  LayerList layers{biased_convolution("first", input, 6, 5, {1, Padding::valid}, Activation::sigmoid)};
  layers.push_back(biased_convolution("second", layers.back().out, 10, 3, {2, Padding::valid}, Activation::relu));
  layers.push_back(convolution("third", layers.back().out, 8, 3, {1, Padding::same}, Activation::relu6));
  layers.push_back(flatten(layers.back().out));
  layers.push_back(dense("hidden", layers.back().out, 16, Activation::sigmoid));
  layers.push_back(dense("logits", layers.back().out, classes, Activation::none));
  return layers;
}

double loss_of(Backend& backend, const Network& network, const Batch& batch, bool backward) {
  Arena arena(backend);
  Tape tape(backend, arena, batch_norm_epsilon);
  tape.begin();
  const auto parameters = network.parameters(network.layers(), true);
  const Forward forward = forward_training(tape, network.layers(), parameters, batch.images);
  BOOST_REQUIRE_EQUAL(forward.exits.size(), 1u);
  const double loss = test::cross_entropy(backend, tape, forward.exits[0], batch.labels);
  if (backward) tape.backward();
  return loss;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layer_stack)

BOOST_AUTO_TEST_CASE(is_described) {
  struct Row {
    const char *name, *kind;
    Extent out;
    std::int64_t parameters, folded, macs;
  };
  const Row wanted[] = {{"first", "conv 5x5", {10, 10, 6}, 25 * 6 + 6, 25 * 6 + 6, 25 * 6 * 100},
                        {"second", "conv 3x3", {4, 4, 10}, 9 * 60 + 10, 9 * 60 + 10, 9 * 60 * 16},
                        {"third", "conv 3x3", {4, 4, 8}, 9 * 80 + 16, 9 * 80 + 8, 9 * 80 * 16},
                        {"hidden", "dense", {1, 1, 16}, 128 * 16 + 16, 128 * 16 + 16, 128 * 16},
                        {"logits", "dense", {1, 1, 3}, 16 * 3 + 3, 16 * 3 + 3, 16 * 3}};
  const std::vector<Layer> table = layer_table(stack());
  BOOST_REQUIRE_EQUAL(table.size(), std::size(wanted));
  std::int64_t parameters = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    BOOST_TEST(table[i].name == wanted[i].name);
    BOOST_TEST(table[i].kind == wanted[i].kind);
    BOOST_TEST((table[i].out == wanted[i].out), table[i].name);
    BOOST_TEST(table[i].parameters == wanted[i].parameters);
    BOOST_TEST(table[i].parameters_folded == wanted[i].folded);
    BOOST_TEST(table[i].macs == wanted[i].macs);
    BOOST_TEST(table[i].kept == 0);
    parameters += table[i].parameters;
  }
  const auto backend = make_reference_backend(Type::f32);
  const Network network(*backend, stack(), 1);
  BOOST_TEST(network.trainable_count() == parameters);
  BOOST_TEST(weight_named(network, "first.bias").view.size() == 6);
  BOOST_TEST(weight_named(network, "third.bn.running_var").view.size() == 8);
}

BOOST_AUTO_TEST_CASE(has_the_gradients_of_its_loss) {
  const auto backend = make_reference_backend(Type::f64);
  const Network network(*backend, stack(), 3);
  const ToyImages toy(*backend, side, 1, classes, 5, 1);
  const Batch batch = toy.batch(0);
  loss_of(*backend, network, batch, true);
  constexpr double step = 1e-6;
  for (const NamedWeight& weight : network.weights()) {
    if (!weight.trainable) continue;
    const std::int64_t offset = weight.view.as<double>() - network.values().as<double>();
    for (const std::int64_t i : {std::int64_t{0}, weight.view.size() / 2, weight.view.size() - 1}) {
      const double value = get(weight.view, i), got = get(network.gradients(), offset + i);
      const auto moved = [&](double by) {
        set(weight.view, i, value + by);
        return loss_of(*backend, network, batch, false);
      };
      const double wanted = (moved(step) - moved(-step)) / (2 * step);
      set(weight.view, i, value);
      BOOST_TEST(std::abs(got - wanted) <= 1e-7 + 1e-5 * std::abs(wanted), weight.name << " " << i);
    }
  }
}

// With the statistics of its only batch a network infers what it computed in training mode.
BOOST_AUTO_TEST_CASE(infers_as_it_trains) {
  const auto backend = make_reference_backend(Type::f64);
  Network network(*backend, stack(), 3);
  disturb(network);
  const ToyImages toy(*backend, side, 1, classes, 5, 1);
  Trainer trainer(*backend);
  trainer.recalibrate(network, network.layers(), toy.pass());
  Arena arena(*backend);
  Tape tape(*backend, arena, batch_norm_epsilon);
  tape.begin();
  const auto parameters = network.parameters(network.layers(), false);
  const Forward forward = forward_training(tape, network.layers(), parameters, toy.batch(0).images);
  const std::vector<double> trained = numbers(tape.view(forward.exits.at(0)));
  BOOST_TEST(largest_difference(numbers(trainer.predict(network, network.layers(), toy.batch(0).images)), trained) <=
             1e-12);
}

BOOST_AUTO_TEST_CASE(trains_and_is_kept_in_a_file) {
  const auto backend = make_cpu_backend(2);
  const ToyImages toy(*backend, side, 1, classes, 16, 4);
  Network network(*backend, stack(), 3);
  Trainer trainer(*backend);
  const double before = trainer.evaluate(network, network.layers(), toy.pass(), 0).loss;
  TrainingSettings settings;
  settings.steps = 80;
  settings.learning_rate = 1e-2;
  trainer.train(network, settings, toy.training(), {});
  trainer.recalibrate(network, network.layers(), toy.pass());
  const Metrics after = trainer.evaluate(network, network.layers(), toy.pass(), 0);
  BOOST_TEST(after.loss < 0.5 * before);
  BOOST_TEST(after.accuracy > 0.8);

  const TemporaryFolder folder;
  const auto path = folder.path() / "stack.safetensors";
  save_checkpoint(path, network, {});
  const Network loaded(*backend, stack(), 4);
  BOOST_TEST(!same_weights(loaded, network));
  Checkpoint(path).load(loaded);
  BOOST_TEST(same_weights(loaded, network));
  BOOST_TEST(trainer.evaluate(loaded, loaded.layers(), toy.pass(), 0).loss == after.loss);
}

BOOST_AUTO_TEST_SUITE_END()
