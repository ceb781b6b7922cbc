// Sums over rows: biases, batch normalization, statistics.
#include <algorithm>

#include "cuda/batch_norm.cuh"
#include "cuda/channel_sums.cuh"
#include "cuda/cuda_backend.hpp"
#include "cuda/launch.hpp"
#include "tensor/shapes.hpp"

namespace danas::cuda {

template <class Terms>
void CudaBackend::sum_channels(const char* name, const View& of, const Terms& terms) {
  constexpr Index least_rows = 256, most_parts = 512;
  const int rows = count_of(name, of.rows()), channels = count_of(name, of.c);
  const Index fitting = static_cast<Index>(workspace_bytes / sizeof(double)) / (Terms::count * of.c);
  const Index wanted = std::max<Index>(std::min({divided_up(rows, least_rows), most_parts, fitting}), 1);
  const int part = static_cast<int>(divided_up(std::max(rows, 1), wanted));
  const int parts = static_cast<int>(divided_up(std::max(rows, 1), part));
  const dim3 grid(static_cast<unsigned>(parts), static_cast<unsigned>(divided_up(channels, block_channels)));
  launch(name, channel_parts<Terms>, grid, dim3(block_channels, sum_lanes), stream(), terms, rows, channels, part,
         workspace<double>());
  launch_each(name, channels, stream(), ChannelTotals<Terms>{terms, workspace<double>(), channels, parts});
}

void CudaBackend::bias_backward(const View& dy, const View& dbias) {
  shapes::same("bias_backward", Type::f32, dy, dy);
  shapes::vector("bias_backward", Type::f32, dbias, dy.c);
  sum_channels("bias_backward", dy, BiasSums{dy.as<const float>(), dbias.as<float>()});
}

void CudaBackend::batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                      const View& y, const BatchNormStatistics& statistics) {
  constexpr const char* op = "batch_norm_training";
  shapes::batch_norm(op, Type::f32, x, y);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  shapes::vector(op, Type::f32, statistics.mean, x.c);
  shapes::vector(op, Type::f32, statistics.variance, x.c);
  sum_channels(op, x,
               MomentSums{x.as<const float>(), statistics.mean.as<float>(), statistics.variance.as<float>(),
                          count_of(op, x.rows())});
  batch_norm_inference(x, {weights.gamma, weights.beta, statistics.mean, statistics.variance}, epsilon, act, y);
}

void CudaBackend::batch_norm_inference(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                       const View& y) {
  constexpr const char* op = "batch_norm_inference";
  shapes::batch_norm(op, Type::f32, x, y);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  shapes::vector(op, Type::f32, weights.running_mean, x.c);
  shapes::vector(op, Type::f32, weights.running_variance, x.c);
  launch_each(op, x.size(), stream(),
              Normalize{x.as<const float>(), weights.gamma.as<const float>(), weights.beta.as<const float>(),
                        weights.running_mean.as<const float>(), weights.running_variance.as<const float>(),
                        y.as<float>(), static_cast<float>(epsilon), act, count_of(op, x.c)});
}

void CudaBackend::batch_norm_backward(const View& x, const View& y, const View& dy, const BatchNormWeights& weights,
                                      const BatchNormStatistics& statistics, double epsilon, Activation act,
                                      const View& dx, const BatchNormGradients& gradients) {
  constexpr const char* op = "batch_norm_backward";
  shapes::batch_norm(op, Type::f32, x, y);
  shapes::same(op, Type::f32, dy, x);
  shapes::same(op, Type::f32, dx, x);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  for (const View& vector : {statistics.mean, statistics.variance, gradients.gamma, gradients.beta})
    shapes::vector(op, Type::f32, vector, x.c);
  const auto *mean = statistics.mean.as<const float>(), *variance = statistics.variance.as<const float>();
  auto *dgamma = gradients.gamma.as<float>(), *dbeta = gradients.beta.as<float>();
  sum_channels(op, x,
               NormalizationSums{x.as<const float>(), y.as<const float>(), dy.as<const float>(), mean, variance, dgamma,
                                 dbeta, epsilon, act});
  launch_each(op, x.size(), stream(),
              NormalizeBackward{x.as<const float>(), y.as<const float>(), dy.as<const float>(),
                                weights.gamma.as<const float>(), mean, variance, dgamma, dbeta, dx.as<float>(),
                                static_cast<float>(epsilon), static_cast<float>(1 / static_cast<double>(x.rows())), act,
                                count_of(op, x.c)});
}

void CudaBackend::update_running_statistics(const BatchNormStatistics& batch, double momentum,
                                            const BatchNormWeights& weights) {
  constexpr const char* op = "update_running_statistics";
  const std::int64_t channels = batch.mean.size();
  for (const View& vector : {batch.mean, batch.variance, weights.running_mean, weights.running_variance})
    shapes::vector(op, Type::f32, vector, channels);
  launch_each(op, channels, stream(),
              UpdateRunning{batch.mean.as<const float>(), batch.variance.as<const float>(),
                            weights.running_mean.as<float>(), weights.running_variance.as<float>(),
                            static_cast<float>(momentum), static_cast<float>(1 - momentum)});
}

void CudaBackend::accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows, const PooledMoments& pooled) {
  constexpr const char* op = "accumulate_moments";
  const std::int64_t channels = batch.mean.size();
  for (const View& vector : {batch.mean, batch.variance}) shapes::vector(op, Type::f32, vector, channels);
  shapes::pooled_moments(op, pooled, channels);
  const auto count = static_cast<double>(rows);
  launch_each(op, channels, stream(),
              AccumulateMoments{batch.mean.as<const float>(), batch.variance.as<const float>(),
                                pooled.mean.as<double>(), pooled.squares.as<double>(), pooled.rows.as<const double>(),
                                count});
  launch_each(op, 1, stream(), AddRows{pooled.rows.as<double>(), count});
}

void CudaBackend::store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) {
  constexpr const char* op = "store_moments";
  const std::int64_t channels = weights.running_mean.size();
  for (const View& vector : {weights.running_mean, weights.running_variance})
    shapes::vector(op, Type::f32, vector, channels);
  shapes::pooled_moments(op, pooled, channels);
  launch_each(op, channels, stream(),
              StoreMoments{pooled.mean.as<const double>(), pooled.squares.as<const double>(),
                           pooled.rows.as<const double>(), weights.running_mean.as<float>(),
                           weights.running_variance.as<float>()});
}

void CudaBackend::fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon,
                                  const Filter& folded, const View& bias) {
  constexpr const char* op = "fold_batch_norm";
  shapes::fold(op, Type::f32, w, folded);
  shapes::batch_norm_weights(op, Type::f32, weights, w.out);
  for (const View& vector : {weights.running_mean, weights.running_variance, bias})
    shapes::vector(op, Type::f32, vector, w.out);
  const FoldingScale scale{weights.gamma.as<const float>(), weights.running_variance.as<const float>(), epsilon};
  launch_each(op, w.size(), stream(),
              FoldFilter{scale, weights_of(w), folded.as<float>(), count_of(op, w.in), count_of(op, w.out)});
  launch_each(
      op, w.out, stream(),
      FoldBias{scale, weights.beta.as<const float>(), weights.running_mean.as<const float>(), bias.as<float>()});
}

}  // namespace danas::cuda
