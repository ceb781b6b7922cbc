// Sums over all rows by channel: statistics, gradients of vectors. In floats over a thread's rows, in doubles from there
// on, in an order that depends on the shape alone.
#pragma once

#include "cuda/activation.cuh"
#include "cuda/gpu.cuh"

namespace danas::cuda {

constexpr int sum_lanes = 8, block_channels = 32;

/// parts [part][Terms::count][channel] = Σ over the part's rows of what terms.add(row, channel, sums) adds. Blocks of 32
/// channels × 8 rows; 2 KiB of shared memory a sum. Reads the terms' operands once. Grid: (parts, channels/32).
template <class Terms>
__global__ void __launch_bounds__(sum_lanes* block_channels)
    channel_parts(Terms terms, int rows, int channels, int part, double* parts) {
  GPU_SHARED(double, shared, [Terms::count][sum_lanes][block_channels]);
  const int lane = static_cast<int>(threadIdx.y), column = static_cast<int>(threadIdx.x);
  const int c = static_cast<int>(blockIdx.y) * block_channels + column;
  const int begin = static_cast<int>(blockIdx.x) * part, end = rows - begin < part ? rows : begin + part;
  float sums[Terms::count] = {};
  if (c < channels)
    for (int row = begin + lane; row < end; row += sum_lanes) terms.add(Index{row} * channels + c, c, sums);
  GPU_UNROLL
  for (int which = 0; which < Terms::count; ++which) shared[which][lane][column] = static_cast<double>(sums[which]);
  __syncthreads();
  if (lane >= Terms::count || c >= channels) return;
  double sum = 0;
  for (int from = 0; from < sum_lanes; ++from) sum += shared[lane][from][column];
  parts[(Index{blockIdx.x} * Terms::count + lane) * channels + c] = sum;
}

/// terms.finish(channel, totals) with the sums of the parts in their order; for for_each over the channels.
template <class Terms>
struct ChannelTotals {
  Terms terms;
  const double* parts;
  int channels, count;

  __device__ void operator()(Index c) const {
    double totals[Terms::count] = {};
    for (int part = 0; part < count; ++part)
      for (int which = 0; which < Terms::count; ++which)
        totals[which] += parts[(Index{part} * Terms::count + which) * channels + c];
    terms.finish(static_cast<int>(c), totals);
  }
};

/// Σ over the rows of dy.
struct BiasSums {
  const float* dy;
  float* dbias;
  static constexpr int count = 1;

  __device__ void add(Index i, int, float* sums) const { sums[0] += dy[i]; }
  __device__ void finish(int c, const double* totals) const { dbias[c] = static_cast<float>(totals[0]); }
};

/// Mean and variance, of distances from the first row: a mean far from zero costs no digits.
struct MomentSums {
  const float* x;
  float *mean, *variance;
  int rows;
  static constexpr int count = 2;

  __device__ void add(Index i, int c, float* sums) const {
    const float distance = x[i] - x[c];
    sums[0] += distance;
    sums[1] += distance * distance;
  }
  __device__ void finish(int c, const double* totals) const {
    const double distance = totals[0] / rows, spread = totals[1] / rows - distance * distance;
    mean[c] = static_cast<float>(static_cast<double>(x[c]) + distance);
    variance[c] = static_cast<float>(spread > 0 ? spread : 0.0);
  }
};

/// Gradients of γ and β from the gradient of the activated output.
struct NormalizationSums {
  const float *x, *y, *dy, *mean, *variance;
  float *dgamma, *dbeta;
  double epsilon;
  Activation act;
  static constexpr int count = 2;

  __device__ void add(Index i, int c, float* sums) const {
    const float masked = act == Activation::none ? dy[i] : dy[i] * slope(y[i], act);
    sums[0] += masked * (x[i] - mean[c]);
    sums[1] += masked;
  }
  __device__ void finish(int c, const double* totals) const {
    dgamma[c] = static_cast<float>(totals[0] / sqrt(static_cast<double>(variance[c]) + epsilon));
    dbeta[c] = static_cast<float>(totals[1]);
  }
};

}  // namespace danas::cuda
