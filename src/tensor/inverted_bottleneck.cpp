// The inverted bottleneck composed of plain operations: what any fused kernel must reproduce, and what a backend
// without one does.
#include "tensor/arena.hpp"
#include "tensor/backend.hpp"
#include "tensor/normalized_convolution.hpp"

namespace danas {

namespace {

constexpr Geometry pointwise{1, Padding::same};

/// The output of a convolution with `channels` filters.
View map_of(Arena& arena, const View& input, const Filter& filter, const Geometry& geometry, std::int64_t channels) {
  return arena.take(input.n, output_size(input.h, filter.h, geometry), output_size(input.w, filter.w, geometry),
                    channels);
}

}  // namespace

void Backend::bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena,
                                  const View& y, BottleneckSaved& saved) {
  saved = {};
  View wide = x;
  if (weights.expand.present()) {
    saved.expanded = arena.take(x.n, x.h, x.w, weights.expand.out);
    saved.expanded_activated = arena.take_like(saved.expanded);
    saved.bn1 = take_statistics(arena, weights.expand.out);
    convolution(x, weights.expand, pointwise, {}, Activation::none, saved.expanded);
    batch_norm_training(saved.expanded, weights.bn1, epsilon, Activation::relu6, saved.expanded_activated, saved.bn1);
    wide = saved.expanded_activated;
  }
  const Geometry geometry{weights.stride, Padding::same};
  saved.filtered = map_of(arena, wide, weights.depthwise, geometry, wide.c);
  saved.filtered_activated = arena.take_like(saved.filtered);
  saved.bn2 = take_statistics(arena, wide.c);
  depthwise(wide, weights.depthwise, geometry, {}, Activation::none, saved.filtered);
  batch_norm_training(saved.filtered, weights.bn2, epsilon, Activation::relu6, saved.filtered_activated, saved.bn2);

  saved.projected = arena.take_like(y);
  saved.bn3 = take_statistics(arena, y.c);
  convolution(saved.filtered_activated, weights.project, pointwise, {}, Activation::none, saved.projected);
  batch_norm_training(saved.projected, weights.bn3, epsilon, Activation::none, y, saved.bn3);
  if (weights.residual) add(y, x, y);
}

void Backend::bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                                  const BottleneckSaved& saved, Arena& arena, const View& dx,
                                  const BottleneckGradients& gradients) {
  const ArenaScope scope(arena);
  const bool expands = weights.expand.present();
  const View& wide = expands ? saved.expanded_activated : x;
  const Geometry geometry{weights.stride, Padding::same};

  const View dprojected = arena.take_like(saved.projected);
  batch_norm_backward(saved.projected, saved.projected, dy, weights.bn3, saved.bn3, epsilon, Activation::none,
                      dprojected, wanted_or_scratch(gradients.bn3, arena, dprojected.c));
  if (gradients.project.present())
    convolution_backward_filter(saved.filtered_activated, dprojected, pointwise, gradients.project);

  const View dfiltered = arena.take_like(saved.filtered);
  convolution_backward_input(dprojected, weights.project, pointwise, dfiltered);
  batch_norm_backward(saved.filtered, saved.filtered_activated, dfiltered, weights.bn2, saved.bn2, epsilon,
                      Activation::relu6, dfiltered, wanted_or_scratch(gradients.bn2, arena, dfiltered.c));
  if (gradients.depthwise.present()) depthwise_backward_filter(wide, dfiltered, geometry, gradients.depthwise);

  if (expands) {
    const bool wanted =
        dx.present() || gradients.expand.present() || gradients.bn1.gamma.present() || gradients.bn1.beta.present();
    if (!wanted) return;
    const View dexpanded = arena.take_like(saved.expanded);
    depthwise_backward_input(dfiltered, weights.depthwise, geometry, dexpanded);
    batch_norm_backward(saved.expanded, saved.expanded_activated, dexpanded, weights.bn1, saved.bn1, epsilon,
                        Activation::relu6, dexpanded, wanted_or_scratch(gradients.bn1, arena, dexpanded.c));
    if (gradients.expand.present()) convolution_backward_filter(x, dexpanded, pointwise, gradients.expand);
    if (dx.present()) convolution_backward_input(dexpanded, weights.expand, pointwise, dx);
  } else if (dx.present()) {
    depthwise_backward_input(dfiltered, weights.depthwise, geometry, dx);
  }
  if (dx.present() && weights.residual) add(dx, dy, dx);
}

FoldedBottleneck Backend::fold_bottleneck(const BottleneckWeights& weights, double epsilon, Arena& arena) {
  FoldedBottleneck block;
  block.stride = weights.stride;
  block.residual = weights.residual;
  block.expand_stride = weights.expand_stride;
  const auto fold = [&](const Filter& filter, const BatchNormWeights& norm, Filter& folded, View& bias) {
    folded = arena.take_filter(filter.h, filter.w, filter.in, filter.out);
    bias = arena.take_vector(filter.out);
    fold_batch_norm(filter, norm, epsilon, folded, bias);
  };
  if (weights.expand.present()) fold(weights.expand, weights.bn1, block.expand, block.bias1);
  fold(weights.depthwise, weights.bn2, block.depthwise, block.bias2);
  fold(weights.project, weights.bn3, block.project, block.bias3);
  return block;
}

void Backend::bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y) {
  const ArenaScope scope(arena);
  View wide = x;
  if (block.expand.present()) {
    const Geometry expansion{block.expand_stride, Padding::same};
    wide = map_of(arena, x, block.expand, expansion, block.expand.out);
    convolution(x, block.expand, expansion, block.bias1, Activation::relu6, wide);
  }
  const Geometry geometry{block.stride, Padding::same};
  const View filtered = map_of(arena, wide, block.depthwise, geometry, wide.c);
  depthwise(wide, block.depthwise, geometry, block.bias2, Activation::relu6, filtered);
  convolution(filtered, block.project, pointwise, block.bias3, Activation::none, y);
  if (block.residual) add(y, x, y);
}

}  // namespace danas
