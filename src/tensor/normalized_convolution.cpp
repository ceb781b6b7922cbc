#include "tensor/normalized_convolution.hpp"

namespace danas {

bool keeps_window_covariance(const Filter& w, const View& y) {
  constexpr std::int64_t most_values = 64, many_windows = 512;
  return w.h * w.w * w.in <= most_values && y.rows() >= many_windows;
}

ConvolutionSaved take_window_covariance(Arena& arena, const Filter& w) {
  const std::int64_t width = w.h * w.w * w.in;
  ConvolutionSaved saved;
  saved.window_mean = arena.take_vector(width);
  saved.window_covariance = arena.take_vector(width * width);
  saved.statistics = take_statistics(arena, w.out);
  return saved;
}

BatchNormStatistics take_statistics(Arena& arena, std::int64_t channels) {
  const View mean = arena.take_vector(channels);
  return {mean, arena.take_vector(channels)};
}

BatchNormGradients wanted_or_scratch(const BatchNormGradients& gradients, Arena& arena, std::int64_t channels) {
  return {gradients.gamma.present() ? gradients.gamma : arena.take_vector(channels),
          gradients.beta.present() ? gradients.beta : arena.take_vector(channels)};
}

void Backend::normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                              const BatchNormWeights& weights, double epsilon, Activation act,
                                              Arena& arena, const View& y, ConvolutionSaved& saved) {
  saved = {};
  saved.convolved = arena.take_like(y);
  saved.statistics = take_statistics(arena, w.out);
  convolution(x, w, geometry, {}, Activation::none, saved.convolved);
  batch_norm_training(saved.convolved, weights, epsilon, act, y, saved.statistics);
}

void Backend::normalized_convolution_backward(const View& x, const View& y, const View& dy, const Filter& w,
                                              const Geometry& geometry, const BatchNormWeights& weights, double epsilon,
                                              Activation act, const ConvolutionSaved& saved, Arena& arena,
                                              const View& dx, const Filter& dw, const BatchNormGradients& gradients) {
  const ArenaScope scope(arena);
  View convolved = saved.convolved;
  if (!convolved.present()) {
    convolved = arena.take_like(y);
    convolution(x, w, geometry, {}, Activation::none, convolved);
  }
  const View dconvolved = arena.take_like(y);
  batch_norm_backward(convolved, y, dy, weights, saved.statistics, epsilon, act, dconvolved,
                      wanted_or_scratch(gradients, arena, w.out));
  if (dw.present()) convolution_backward_filter(x, dconvolved, geometry, dw);
  if (dx.present()) convolution_backward_input(dconvolved, w, geometry, dx);
}

}  // namespace danas
