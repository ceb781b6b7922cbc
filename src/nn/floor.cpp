#include "nn/floor.hpp"

namespace danas {

namespace {

constexpr double weight_accesses = 3, adam_accesses = 7, residual_accesses = 4;

double elements(const Extent& extent) { return static_cast<double>(extent.elements()); }

double filter_of(const LayerSpec& plain) {
  const double taps = static_cast<double>(plain.kernel) * plain.kernel;
  switch (plain.kind) {
    case LayerKind::convolution: return taps * plain.in.channels * plain.out.channels;
    case LayerKind::depthwise: return taps * plain.out.channels;
    case LayerKind::dense: return static_cast<double>(plain.in.channels) * plain.out.channels;
    default: return 0;
  }
}

// Weights, and arithmetic forward of so many images.
void add_forward(LayerFloor& floor, const LayerSpec& plain, double images) {
  const double filter = filter_of(plain), pixels = static_cast<double>(plain.out.height) * plain.out.width;
  floor.weights += filter;
  (plain.kind == LayerKind::depthwise ? floor.depthwise : floor.products) += 2 * images * filter * pixels;
}

void add_training(LayerFloor& floor, const LayerSpec& plain, bool gradient_of_input, double images) {
  const double in = elements(plain.in), out = elements(plain.out), dx = gradient_of_input ? in : 0;
  LayerFloor forward;
  add_forward(forward, plain, images);
  const double times = gradient_of_input ? 3 : 2;
  floor.weights += (weight_accesses + adam_accesses) * forward.weights;
  floor.products += times * forward.products;
  floor.depthwise += times * forward.depthwise;
  floor.activations += images * (filter_of(plain) > 0 ? 2 * in + dx + 3 * out : in + dx + 2 * out);
}

}  // namespace

std::vector<LayerFloor> training_floor(const LayerList& layers, double images) {
  std::vector<LayerFloor> floors;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerFloor& floor = floors.emplace_back();
    bool gradient_of_input = i > 0 && !is_branch(layers, i);
    for (const LayerSpec& plain : unfold(layers[i])) {
      if (plain.kind == LayerKind::flatten) continue;
      add_training(floor, plain, gradient_of_input, images);
      gradient_of_input = !is_branch(layers, i);
    }
    if (layers[i].residual) floor.activations += images * residual_accesses * elements(layers[i].out);
  }
  return floors;
}

std::vector<LayerFloor> evaluation_floor(const LayerList& layers, double images) {
  std::vector<LayerFloor> floors;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (is_branch(layers, i)) continue;
    LayerFloor& floor = floors.emplace_back();
    for (const LayerSpec& plain : unfold(layers[i])) add_forward(floor, plain, images);
    floor.activations = images * (elements(layers[i].in) + elements(layers[i].out));
  }
  return floors;
}

}  // namespace danas
