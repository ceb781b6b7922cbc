// Sums that a grid cannot finish: every block leaves a part of them in memory, a second kernel adds the parts, in doubles
// and in an order that depends on their number alone.
#pragma once

#include "cuda/gpu.cuh"

namespace danas::cuda {

constexpr int total_threads = 256, most_lanes = 64;

/// What the threads of a block have of a channel, added in their order: for thread `mine` below columns·size, channel
/// `mine`. Thread t has the `size` neighboring channels from t % columns · size on. All threads of the block call it; what is
/// in `shared` before and after is nobody's.
template <int threads, int size>
__device__ double joined(const float (&numbers)[size], double (*shared)[size], int columns) {
  const int mine = static_cast<int>(threadIdx.x);
  GPU_UNROLL
  for (int j = 0; j < size; ++j) shared[mine][j] = static_cast<double>(numbers[j]);
  __syncthreads();
  double sum = 0;
  if (mine < columns * size)
    for (int from = mine / size; from < threads; from += columns) sum += shared[from][mine % size];
  __syncthreads();
  return sum;
}

// A block's part of two sums of a channel: parts [blockIdx.x][2][channels].
__device__ inline void leave_pair(double* parts, int channels, int c, double first, double second) {
  double* const mine = parts + Index{blockIdx.x} * 2 * channels + c;
  mine[0] = first;
  mine[channels] = second;
}
/// Of so many numbers their sum and that of their squares, from those of their distances from a center.
__device__ inline void leave_moments(double* parts, int channels, int c, int rows, double center, double distances,
                                     double squares) {
  leave_pair(parts, channels, c, distances + rows * center, squares + 2 * center * distances + rows * center * center);
}

/// terms.finish(i, totals) for every i below `size`, with what terms.add(part, i, totals) adds for every part. `lanes` (a
/// power of 2) threads share the parts of an i, 256/lanes neighboring i are a block's, so that it reads at least 32 bytes
/// together; 2 or 4 KiB of shared memory. Reads the parts once. Grid: ⌈size·lanes/256⌉.
template <class Terms>
__global__ void __launch_bounds__(total_threads) totals_of_parts(Terms terms, Index size, int parts, int lanes) {
  GPU_SHARED(double, shared, [Terms::count][total_threads]);
  const int columns = total_threads / lanes, thread = static_cast<int>(threadIdx.x), lane = thread / columns;
  const Index i = Index{blockIdx.x} * columns + thread % columns;
  double totals[Terms::count] = {};
  if (i < size) {
    GPU_UNROLL_4
    for (int part = lane; part < parts; part += lanes) terms.add(part, i, totals);
  }
  GPU_UNROLL
  for (int which = 0; which < Terms::count; ++which) shared[which][thread] = totals[which];
  for (int half = lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane >= half) continue;
    GPU_UNROLL
    for (int which = 0; which < Terms::count; ++which) shared[which][thread] += shared[which][thread + half * columns];
  }
  if (lane > 0 || i >= size) return;
  GPU_UNROLL
  for (int which = 0; which < Terms::count; ++which) totals[which] = shared[which][thread];
  terms.finish(i, totals);
}

}  // namespace danas::cuda
