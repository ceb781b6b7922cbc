#include "nn/layer_stack.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"

namespace danas {

namespace {

constexpr int hidden = 10;

Activation activation_of(StackActivation activation) {
  return activation == StackActivation::relu ? Activation::relu : Activation::sigmoid;
}

}  // namespace

LayerList stack_layers(const Extent& input, const Stack& stack, int classes) {
  check_feasible(stack);
  LayerList layers;
  Extent extent = input;
  for (const StackedConvolution& each : stack.convolutions) {
    if (std::min(extent.height, extent.width) < each.kernel)
      throw expected("architecture " + stack.text(), "kernels within the maps that they see",
                     std::to_string(each.kernel) + " on " + std::to_string(extent.height) + "x" +
                         std::to_string(extent.width));
    layers.push_back(biased_convolution("convolutions." + std::to_string(layers.size()), extent, each.filters,
                                        each.kernel, {1, Padding::valid}, activation_of(each.activation)));
    extent = layers.back().out;
  }
  if (extent.elements() > std::numeric_limits<int>::max())
    throw expected("architecture " + stack.text(), "less than two billion numbers to flatten",
                   std::to_string(extent.elements()));
  layers.push_back(flatten(extent));
  layers.push_back(dense("hidden", layers.back().out, hidden, Activation::relu));
  layers.push_back(dense("logits", layers.back().out, classes, Activation::none));
  return layers;
}

}  // namespace danas
