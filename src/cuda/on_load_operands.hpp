// Normalizations as kernels that normalize on load know them: for the launchers.
#pragma once

#include "cuda/launch_product.hpp"
#include "cuda/on_load.cuh"
#include "tensor/normalized_on_load.hpp"

namespace danas::cuda {

inline Coefficients coefficients_of(const View& view) { return {view.as<const float>(), static_cast<int>(view.c / 3)}; }

/// A normalization: its weights, its statistics and what they come to.
struct Normalized {
  BatchNormWeights weights;
  BatchNormStatistics statistics;
  View affine;
  double epsilon;

  template <class Element>
  Normalization<Element> as(Activation act) const {
    return {coefficients_of(affine), act};
  }
};

/// The end of the statistics over so many rows, of parts that lie in the workspace.
inline void finish_moments(const char* name, int parts, std::int64_t rows, const Normalized& of,
                           const Workspace& workspace, cudaStream_t stream) {
  const auto channels = static_cast<int>(of.statistics.mean.c);
  const FinishMoments finish{of.statistics.mean.as<float>(),
                             of.statistics.variance.as<float>(),
                             of.weights.gamma.as<const float>(),
                             of.weights.beta.as<const float>(),
                             of.affine.as<float>(),
                             channels,
                             coefficients_of(of.affine).stride,
                             static_cast<double>(rows),
                             of.epsilon};
  launch_totals(name, channels, parts, stream,
                ChannelTotals<FinishMoments>{finish, workspace.as<const double>(), channels});
}

inline FinishGradients finish_of(const Normalized& of, std::int64_t rows, const BatchNormGradients& gradients,
                                 const View& slopes) {
  return {of.statistics.mean.as<const float>(),
          of.statistics.variance.as<const float>(),
          of.weights.gamma.as<const float>(),
          gradients.gamma.as<float>(),
          gradients.beta.as<float>(),
          slopes.as<float>(),
          static_cast<int>(of.statistics.mean.c),
          coefficients_of(slopes).stride,
          static_cast<double>(rows),
          of.epsilon};
}

/// The end of the gradients of a normalization.
inline void finish_gradients(const char* name, int parts, const FinishGradients& finish, const Workspace& workspace,
                             cudaStream_t stream) {
  launch_totals(name, finish.channels, parts, stream,
                ChannelTotals<FinishGradients>{finish, workspace.as<const double>(), finish.channels});
}

/// y = act(normalized x) + residual, which may be absent.
template <class Element>
void launch_normalize(const char* name, const View& x, const Normalization<Element>& normalization,
                      const View& residual, const View& y, cudaStream_t stream) {
  const Spread spread = spread_of<Element>(x);
  launch_each(name, spread.groups * spread.columns, stream,
              NormalizeRows<Element>{spread, rows_of<Element>(x), normalization, rows_of<Element>(residual),
                                     rows_of<Element>(y)});
}

}  // namespace danas::cuda
