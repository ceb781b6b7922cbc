// Sums over rows: biases, batch normalization.
#include <algorithm>

#include "cuda/batch_norm.cuh"
#include "cuda/channel_sums.cuh"
#include "cuda/cuda_operations.hpp"
#include "cuda/launch_parts.hpp"

namespace danas::cuda {

template <class Element>
template <class Terms>
void CudaOperations<Element>::sum_channels(const char* name, const View& of, const Terms& terms) {
  constexpr Index least_rows = 256, most_parts = 512;
  const int rows = count_of(name, of.rows()), channels = count_of(name, of.c);
  const Index fitting = static_cast<Index>(workspace_bytes / sizeof(double)) / (Terms::count * of.c);
  const Index wanted = std::max<Index>(std::min({divided_up(rows, least_rows), most_parts, fitting}), 1);
  const int part = static_cast<int>(divided_up(std::max(rows, 1), wanted));
  const int parts = static_cast<int>(divided_up(std::max(rows, 1), part));
  const int columns = columns_of<Element>(of), block = columns_of_block(columns);
  const dim3 grid(static_cast<unsigned>(parts), static_cast<unsigned>(divided_up(columns, block)));
  launch(name, channel_parts<Terms>, grid, dim3(sum_threads), stream(), terms, rows, channels, part, block,
         workspace<double>());
  launch_totals(name, channels, parts, stream(), ChannelTotals<Terms>{terms, workspace<double>(), channels});
}

template <class Element>
void CudaOperations<Element>::bias_backward(const View& dy, const View& dbias) {
  shapes::same("bias_backward", type, dy, dy);
  shapes::vector("bias_backward", Type::f32, dbias, dy.c);
  sum_channels("bias_backward", dy,
               BiasSums<Element>{rows_of<Element>(dy), count_of("bias_backward", dy.c), dbias.as<float>()});
}

template <class Element>
void CudaOperations<Element>::batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon,
                                                  Activation act, const View& y,
                                                  const BatchNormStatistics& statistics) {
  constexpr const char* op = "batch_norm_training";
  shapes::batch_norm(op, type, x, y);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  shapes::vector(op, Type::f32, statistics.mean, x.c);
  shapes::vector(op, Type::f32, statistics.variance, x.c);
  sum_channels(op, x,
               MomentSums<Element>{rows_of<Element>(x), count_of(op, x.c), statistics.mean.as<float>(),
                                   statistics.variance.as<float>(), count_of(op, x.rows())});
  batch_norm_inference(x, {weights.gamma, weights.beta, statistics.mean, statistics.variance}, epsilon, act, y);
}

template <class Element>
void CudaOperations<Element>::batch_norm_inference(const View& x, const BatchNormWeights& weights, double epsilon,
                                                   Activation act, const View& y) {
  constexpr const char* op = "batch_norm_inference";
  shapes::batch_norm(op, type, x, y);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  shapes::vector(op, Type::f32, weights.running_mean, x.c);
  shapes::vector(op, Type::f32, weights.running_variance, x.c);
  const Spread spread = spread_of<Element>(x);
  launch_each(op, spread.groups * spread.columns, stream(),
              Normalize<Element>{spread, rows_of<Element>(x), weights.gamma.as<const float>(),
                                 weights.beta.as<const float>(), weights.running_mean.as<const float>(),
                                 weights.running_variance.as<const float>(), rows_of<Element>(y),
                                 static_cast<float>(epsilon), act});
}

template <class Element>
void CudaOperations<Element>::batch_norm_backward(const View& x, const View& y, const View& dy,
                                                  const BatchNormWeights& weights,
                                                  const BatchNormStatistics& statistics, double epsilon, Activation act,
                                                  const View& dx, const BatchNormGradients& wanted) {
  constexpr const char* op = "batch_norm_backward";
  shapes::batch_norm(op, type, x, y);
  shapes::same(op, type, dy, x);
  shapes::same(op, type, dx, x);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  for (const View& vector : {statistics.mean, statistics.variance, wanted.gamma, wanted.beta})
    shapes::vector(op, Type::f32, vector, x.c);
  const auto *mean = statistics.mean.as<const float>(), *variance = statistics.variance.as<const float>();
  auto *dgamma = wanted.gamma.as<float>(), *dbeta = wanted.beta.as<float>();
  const Rows<Element> in = rows_of<Element>(x), out = rows_of<Element>(y), gradient = rows_of<Element>(dy);
  sum_channels(
      op, x,
      NormalizationSums<Element>{in, out, gradient, count_of(op, x.c), mean, variance, dgamma, dbeta, epsilon, act});
  const Spread spread = spread_of<Element>(x);
  launch_each(op, spread.groups * spread.columns, stream(),
              NormalizeBackward<Element>{spread, in, out, gradient, weights.gamma.as<const float>(), mean, variance,
                                         dgamma, dbeta, rows_of<Element>(dx), static_cast<float>(epsilon),
                                         static_cast<float>(1 / static_cast<double>(x.rows())), act});
}

template <class Element>
void CudaOperations<Element>::fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon,
                                              const Filter& folded, const View& bias) {
  constexpr const char* op = "fold_batch_norm";
  shapes::fold(op, type, w, folded);
  shapes::batch_norm_weights(op, Type::f32, weights, w.out);
  for (const View& vector : {weights.running_mean, weights.running_variance, bias})
    shapes::vector(op, Type::f32, vector, w.out);
  const FoldingScale scale{weights.gamma.as<const float>(), weights.running_variance.as<const float>(), epsilon};
  launch_each(op, w.size(), stream(),
              FoldFilter<Element>{scale, weights_of<Element>(w), folded.as<Element>(), count_of(op, w.in),
                                  count_of(op, w.out)});
  launch_each(
      op, w.out, stream(),
      FoldBias{scale, weights.beta.as<const float>(), weights.running_mean.as<const float>(), bias.as<float>()});
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
