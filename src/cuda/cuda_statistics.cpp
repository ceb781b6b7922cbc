// What becomes of batch normalization's statistics.
#include "cuda/batch_norm.cuh"
#include "cuda/cuda_backend.hpp"
#include "cuda/launch.hpp"
#include "tensor/shapes.hpp"

namespace danas::cuda {

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

}  // namespace danas::cuda
