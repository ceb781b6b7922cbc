#include <boost/test/unit_test.hpp>

#include "nn/cost.hpp"
#include "nn/floor.hpp"
#include "support.hpp"

using namespace danas;
using namespace danas::test;

namespace {

// 10×10×2 → 5×5×4 → block 5×5×24 → 5×5×4, residual → 3 classes.
LayerList small() {
  LayerList layers{convolution("stem", {10, 10, 2}, 4, 3, {2, Padding::same}, Activation::relu6)};
  layers.push_back(inverted_bottleneck("block", layers.back().out, 24, 4, 1, true));
  layers.push_back(head("head", layers.back().out, 3));
  return layers;
}

double products(const std::vector<LayerFloor>& floors) {
  double sum = 0;
  for (const LayerFloor& floor : floors) sum += floor.products + floor.depthwise;
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(least_cost)

BOOST_AUTO_TEST_CASE(training_by_hand) {
  const auto floors = training_floor(small(), 7);
  BOOST_TEST_REQUIRE(floors.size() == 3u);
  constexpr double map = 5 * 5;
  BOOST_TEST(floors[0].activations == 7 * (2 * 200 + 3 * map * 4));
  BOOST_TEST(floors[0].weights == 10 * 9 * 2 * 4);
  BOOST_TEST(floors[0].products == 7 * 2 * 2 * map * 9 * 2 * 4);
  // Expansion, depthwise convolution, projection, residual.
  BOOST_TEST(floors[1].activations == 7 * map * (3 * (4 + 24) + 3 * (24 + 24) + 3 * (24 + 4) + 4 * 4));
  BOOST_TEST(floors[1].weights == 10 * (4 * 24 + 9 * 24 + 24 * 4));
  BOOST_TEST(floors[1].products == 7 * 2 * 3 * map * (4 * 24 + 24 * 4));
  BOOST_TEST(floors[1].depthwise == 7 * 2 * 3 * map * 9 * 24);
  BOOST_TEST(floors[2].activations == 7 * (2 * map * 4 + 2 * 4 + 3 * (4 + 3)));
}

BOOST_AUTO_TEST_CASE(evaluation_by_hand) {
  const auto floors = evaluation_floor(small(), 7);
  constexpr double map = 5 * 5;
  BOOST_TEST(floors[0].activations == 7 * (200 + map * 4));
  BOOST_TEST(floors[1].activations == 7 * 2 * map * 4);
  BOOST_TEST(floors[1].weights == 4 * 24 + 9 * 24 + 24 * 4);
}

// Arithmetic is what a step is counted to do.
BOOST_AUTO_TEST_CASE(arithmetic_is_the_useful_one) {
  for (const LayerList& layers : {supernet_layers({64, 64, 3}, full_depth, 2), small()}) {
    TrainingSettings settings;
    settings.batch = 3;
    BOOST_TEST(products(training_floor(layers, 3)) == training_cost(layers, settings).step.products);
    BOOST_TEST(products(evaluation_floor(layers, 1)) == inference_cost(layers).products);
  }
}

BOOST_AUTO_TEST_SUITE_END()
