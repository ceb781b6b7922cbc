// Starts kernels that normalize what they read, for the launchers.
#pragma once

#include "cuda/launch_product.hpp"
#include "cuda/on_load.cuh"
#include "tensor/normalized_on_load.hpp"

namespace danas::cuda {

/// Where the kernels of an operation go.
struct Queue {
  const char* operation;
  Workspace workspace;
  cudaStream_t stream;
};

inline Coefficients coefficients_of(const View& view) { return {view.as<const float>(), static_cast<int>(view.c / 3)}; }

/// A normalization of a tensor of so many rows: its weights, its statistics and what they come to.
struct Normalized {
  BatchNormWeights weights;
  BatchNormStatistics statistics;
  View affine;
  std::int64_t rows;
  double epsilon;

  int channels() const { return static_cast<int>(statistics.mean.c); }
  template <class Element>
  Normalization<Element> as(Activation act) const {
    return {coefficients_of(affine), act};
  }
};

/// The end of the statistics, of parts that lie in the workspace.
inline void finish_moments(const Queue& queue, int parts, const Normalized& of) {
  const int channels = of.channels();
  const FinishMoments finish{of.statistics.mean.as<float>(),
                             of.statistics.variance.as<float>(),
                             of.weights.gamma.as<const float>(),
                             of.weights.beta.as<const float>(),
                             of.affine.as<float>(),
                             channels,
                             coefficients_of(of.affine).stride,
                             static_cast<double>(of.rows),
                             of.epsilon};
  launch_totals(queue.operation, channels, parts, queue.stream,
                ChannelTotals<FinishMoments>{finish, queue.workspace.as<const double>(), channels});
}

inline FinishGradients finish_of(const Normalized& of, const BatchNormGradients& gradients, const View& slopes) {
  return {of.statistics.mean.as<const float>(),
          of.statistics.variance.as<const float>(),
          of.weights.gamma.as<const float>(),
          gradients.gamma.as<float>(),
          gradients.beta.as<float>(),
          slopes.as<float>(),
          of.channels(),
          coefficients_of(slopes).stride,
          static_cast<double>(of.rows),
          of.epsilon};
}

/// The end of the gradients of a normalization, likewise.
inline void finish_gradients(const Queue& queue, int parts, const FinishGradients& finish) {
  launch_totals(queue.operation, finish.channels, parts, queue.stream,
                ChannelTotals<FinishGradients>{finish, queue.workspace.as<const double>(), finish.channels});
}

/// y = left·w, of so many numbers in depth, and what its normalization comes to.
template <class Element, class Left>
void launch_normalized_product(const Queue& queue, const Left& left, const Filter& w, int depth, const View& y,
                               const Normalized& of) {
  const MomentsProduct<Element, Left> product{{left, weights_of<Element>(w), nullptr, Activation::none,
                                               rows_of<Element>(y), static_cast<int>(of.rows), of.channels(), depth,
                                               depth}};
  finish_moments(queue, launch_summed_product<Element>(queue.operation, product, queue.workspace, queue.stream), of);
}

/// y = act(normalized x) + residual, which may be absent.
template <class Element>
void launch_normalize(const Queue& queue, const View& x, const Normalization<Element>& normalization,
                      const View& residual, const View& y) {
  const Spread spread = spread_of<Element>(x);
  launch_each(queue.operation, spread.groups * spread.columns, queue.stream,
              NormalizeRows<Element>{spread, rows_of<Element>(x), normalization, rows_of<Element>(residual),
                                     rows_of<Element>(y)});
}

}  // namespace danas::cuda
