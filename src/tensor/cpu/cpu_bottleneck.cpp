// The inverted bottleneck as one operation. What has no fused kernels is composed of plain operations.
#include "tensor/arena.hpp"
#include "tensor/cpu/block_inference.hpp"
#include "tensor/cpu/block_training.hpp"
#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {
namespace {

/// The input as the expansion's product sees it: of a k×k expansion, every pixel of its output has a window of the input.
View windows_of(const View& x, const Filter& expand, int stride) {
  if (!expand.present()) return x;
  const Geometry geometry{stride, Padding::same};
  View windows = x;
  windows.h = output_size(x.h, expand.h, geometry);
  windows.w = output_size(x.w, expand.w, geometry);
  windows.c = expand.h * expand.w * expand.in;
  return windows;
}

bool fusible(const View& x, const Filter& depthwise, int stride) {
  return x.size() > 0 && BottleneckShape::fusible(depthwise, stride);
}

/// Those that are present have the shapes of what they belong to.
void check_gradients(const char* op, const BottleneckWeights& weights, const BottleneckGradients& gradients) {
  const auto filter = [op](const Filter& gradient, const Filter& like) {
    if (gradient.present()) shapes::same(op, Type::f32, gradient, like);
  };
  const auto vectors = [op](const BatchNormGradients& gradient, Index channels) {
    shapes::optional_vector(op, Type::f32, gradient.gamma, channels);
    shapes::optional_vector(op, Type::f32, gradient.beta, channels);
  };
  if (weights.expand.present()) {
    filter(gradients.expand, weights.expand);
    vectors(gradients.bn1, weights.expand.out);
  }
  filter(gradients.depthwise, weights.depthwise);
  vectors(gradients.bn2, weights.depthwise.out);
  filter(gradients.project, weights.project);
  vectors(gradients.bn3, weights.project.out);
}

}  // namespace

void CpuBackend::bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena,
                                     const View& y, BottleneckSaved& saved) {
  constexpr const char* op = "bottleneck_training";
  if (!fusible(x, weights.depthwise, weights.stride))
    return Backend::bottleneck_training(x, weights, epsilon, arena, y, saved);
  shapes::bottleneck(op, Type::f32, x, weights.expand, weights.depthwise, weights.project, weights.stride,
                     weights.residual, y);
  if (weights.expand.present()) shapes::batch_norm_weights(op, Type::f32, weights.bn1, weights.expand.out);
  shapes::batch_norm_weights(op, Type::f32, weights.bn2, weights.depthwise.out);
  shapes::batch_norm_weights(op, Type::f32, weights.bn3, weights.project.out);
  const BottleneckShape shape(x, weights.expand, weights.depthwise, weights.project, weights.stride);
  saved = take_bottleneck_saved(arena, shape);
  forward(team(), shape, x, weights, epsilon, saved);
  normalize(saved.projected, saved.bn3.mean, saved.bn3.variance, weights.bn3, epsilon, Activation::none,
            weights.residual ? x : View{}, y);
}

void CpuBackend::bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                                     const BottleneckSaved& saved, Arena& arena, const View& dx,
                                     const BottleneckGradients& gradients) {
  constexpr const char* op = "bottleneck_backward";
  if (!fusible(x, weights.depthwise, weights.stride))
    return Backend::bottleneck_backward(x, dy, weights, epsilon, saved, arena, dx, gradients);
  shapes::bottleneck(op, Type::f32, x, weights.expand, weights.depthwise, weights.project, weights.stride,
                     weights.residual, dy);
  if (dx.present()) shapes::same(op, Type::f32, dx, x);
  check_gradients(op, weights, gradients);
  const BottleneckShape shape(x, weights.expand, weights.depthwise, weights.project, weights.stride);
  const ArenaScope scope(arena);
  const BottleneckScratch scratch = take_bottleneck_scratch(arena, shape);
  const BatchNormGradients bn3{gradients.bn3.gamma.present() ? gradients.bn3.gamma : scratch.bn3.gamma,
                               gradients.bn3.beta.present() ? gradients.bn3.beta : scratch.bn3.beta};
  batch_norm_backward(saved.projected, saved.projected, dy, weights.bn3, saved.bn3, epsilon, Activation::none,
                      scratch.dprojected, bn3);
  backward(team(), shape, x, weights, epsilon, saved, scratch, {dx, weights.residual ? dy : View{}, gradients});
}

FoldedBottleneck CpuBackend::fold_bottleneck(const BottleneckWeights& weights, double epsilon, Arena& arena) {
  if (!BottleneckShape::fusible(weights.depthwise, weights.stride))
    return Backend::fold_bottleneck(weights, epsilon, arena);
  const Filter& first = weights.expand;
  const View pixel{Type::f32, nullptr, 1, 1, 1, first.present() ? first.in : weights.depthwise.out};
  const BottleneckShape shape(windows_of(pixel, first, 1), first, weights.depthwise, weights.project, weights.stride);
  const View packed = arena.take_vector(packed_size(shape)), bias3 = arena.take_vector(shape.out);
  const ArenaScope scope(arena);
  FoldedBottleneck block = Backend::fold_bottleneck(weights, epsilon, arena);
  pack_folded(team(), shape, block, packed.as<float>());
  copy(block.bias3, bias3);
  for (Filter* filter : {&block.expand, &block.depthwise, &block.project})
    if (filter->present()) filter->data = packed.data;
  block.packed = packed;
  block.bias1 = block.bias2 = {};
  block.bias3 = bias3;
  return block;
}

void CpuBackend::bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y) {
  constexpr const char* op = "bottleneck_inference";
  if (!fusible(x, block.depthwise, block.stride)) return Backend::bottleneck_inference(x, block, arena, y);
  shapes::bottleneck(op, Type::f32, x, block.expand, block.depthwise, block.project, block.stride, block.residual, y,
                     block.expand_stride);
  shapes::vector(op, Type::f32, block.bias3, block.project.out);
  const View windows = windows_of(x, block.expand, block.expand_stride);
  const BottleneckShape shape(windows, block.expand, block.depthwise, block.project, block.stride);
  const float* packed = block.packed.as<const float>();
  if (!packed) {
    if (block.expand.present()) shapes::vector(op, Type::f32, block.bias1, block.expand.out);
    shapes::vector(op, Type::f32, block.bias2, block.depthwise.out);
    float* own = packed_.take(packed_size(shape));
    pack_folded(team(), shape, block, own);
    packed = own;
  }
  infer(team(), shape, x, block, packed, y);
}

}  // namespace danas::cpu
