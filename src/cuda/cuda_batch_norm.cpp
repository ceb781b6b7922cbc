// Sums over rows: biases, batch normalization.
#include "cuda/batch_norm.cuh"
#include "cuda/cuda_operations.hpp"
#include "cuda/launch_parts.hpp"

namespace danas::cuda {

namespace {

template <class Element, class Terms>
void sum_channels(const char* name, const View& of, const Terms& terms, const Workspace& workspace,
                  cudaStream_t stream) {
  const int parts = launch_channel_parts<Element>(name, of, terms, workspace, stream);
  launch_totals(name, of.c, parts, stream, ChannelTotals<Terms>{terms, workspace.as<double>(), static_cast<int>(of.c)});
}

}  // namespace

template <class Element>
void CudaOperations<Element>::bias_backward(const View& dy, const View& dbias) {
  shapes::same("bias_backward", type, dy, dy);
  shapes::vector("bias_backward", Type::f32, dbias, dy.c);
  count_of("bias_backward", dy.rows());
  sum_channels<Element>("bias_backward", dy,
                        BiasSums<Element>{rows_of<Element>(dy), count_of("bias_backward", dy.c), dbias.as<float>()},
                        scratch(), stream());
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
  sum_channels<Element>(op, x,
                        MomentSums<Element>{rows_of<Element>(x), count_of(op, x.c), statistics.mean.as<float>(),
                                            statistics.variance.as<float>(), count_of(op, x.rows())},
                        scratch(), stream());
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
  count_of(op, x.rows());
  sum_channels<Element>(
      op, x,
      NormalizationSums<Element>{in, out, gradient, count_of(op, x.c), mean, variance, dgamma, dbeta, epsilon, act},
      scratch(), stream());
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
