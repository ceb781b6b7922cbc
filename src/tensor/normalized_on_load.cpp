#include "tensor/normalized_on_load.hpp"

#include "tensor/normalized_convolution.hpp"

namespace danas {

View take_coefficients(Arena& arena, std::int64_t channels) { return arena.take_vector(3 * padded_channels(channels)); }

BottleneckSaved take_bottleneck_on_load(Arena& arena, const View& x, const BottleneckWeights& weights, const View& y) {
  BottleneckSaved saved;
  const std::int64_t wide = weights.depthwise.out;
  if (weights.expand.present()) {
    saved.expanded = arena.take(x.n, x.h, x.w, wide);
    saved.bn1 = take_statistics(arena, wide);
    saved.affine1 = take_coefficients(arena, wide);
  }
  saved.filtered = arena.take(y.n, y.h, y.w, wide);
  saved.bn2 = take_statistics(arena, wide);
  saved.affine2 = take_coefficients(arena, wide);
  saved.projected = arena.take_like(y);
  saved.bn3 = take_statistics(arena, y.c);
  saved.affine3 = take_coefficients(arena, y.c);
  return saved;
}

OnLoadScratch take_scratch_on_load(Arena& arena, const BottleneckWeights& weights, const BottleneckSaved& saved,
                                   const BottleneckGradients& gradients) {
  OnLoadScratch scratch;
  scratch.gradients = gradients;
  scratch.dfiltered = arena.take_like(saved.filtered);
  scratch.slopes3 = take_coefficients(arena, saved.projected.c);
  scratch.slopes2 = take_coefficients(arena, saved.filtered.c);
  scratch.gradients.bn3 = wanted_or_scratch(gradients.bn3, arena, saved.projected.c);
  scratch.gradients.bn2 = wanted_or_scratch(gradients.bn2, arena, saved.filtered.c);
  if (!weights.expand.present()) return scratch;
  scratch.dexpanded = arena.take_like(saved.expanded);
  scratch.slopes1 = take_coefficients(arena, saved.expanded.c);
  scratch.gradients.bn1 = wanted_or_scratch(gradients.bn1, arena, saved.expanded.c);
  return scratch;
}

ConvolutionSaved take_convolution_on_load(Arena& arena, const View& y) {
  ConvolutionSaved saved;
  saved.convolved = arena.take_like(y);
  saved.statistics = take_statistics(arena, y.c);
  saved.affine = take_coefficients(arena, y.c);
  return saved;
}

bool gradients_on_load(const Filter& w, const Geometry& geometry, const View& dx) {
  return !dx.present() || (w.h == 1 && w.w == 1 && geometry.stride == 1);
}

}  // namespace danas
