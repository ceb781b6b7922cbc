// Sums over all rows by channel: statistics, gradients of vectors. In floats over a thread's rows, in doubles from there
// on, in an order that depends on the shape alone.
#pragma once

#include "cuda/activation.cuh"
#include "cuda/parts.cuh"
#include "cuda/rows.cuh"

namespace danas::cuda {

constexpr int sum_threads = 256;

/// parts [part][Terms::count][channel] = Σ over the part's rows of what terms.add(row, c, column, sums) adds for a vector of
/// channels from c on; `column` is what terms.column(c) knows of them. Blocks of 256 threads: `columns` vectors of channels
/// (a power of 2) by 256/columns rows; 8 (f32) or 16 KiB of shared memory, at most 64 registers on sm_80. Reads the terms'
/// operands once, 128 bits at a time. Grid: (parts, ⌈vectors of channels/columns⌉).
template <class Terms>
__global__ void __launch_bounds__(sum_threads)
    channel_parts(Terms terms, int rows, int channels, int part, int columns, double* parts) {
  constexpr int size = Terms::size;
  GPU_SHARED(double, shared, [sum_threads][size]);
  const int thread = static_cast<int>(threadIdx.x), column = thread % columns, lane = thread / columns;
  const int first = static_cast<int>(blockIdx.y) * columns * size, c = first + column * size,
            lanes = sum_threads / columns;
  const int begin = static_cast<int>(blockIdx.x) * part, end = rows - begin < part ? rows : begin + part;
  float sums[Terms::count][size] = {};
  if (c < channels) {
    const auto known = terms.column(c);
    for (int row = begin + lane; row < end; row += lanes) terms.add(row, c, known, sums);
  }
  GPU_UNROLL
  for (int which = 0; which < Terms::count; ++which) {
    const double sum = joined<sum_threads>(sums[which], shared, columns);
    if (thread < columns * size && first + thread < channels)
      parts[(Index{blockIdx.x} * Terms::count + which) * channels + first + thread] = sum;
  }
}

/// The mean of an image's pixels by channel. Blocks as those of channel_parts, an image each. Reads x once, 128 bits at a
/// time. Grid: (images, ⌈vectors of channels/columns⌉).
template <class Element>
__global__ void __launch_bounds__(sum_threads)
    pool_pixels(Rows<Element> x, Rows<Element> y, int pixels, int channels, int columns) {
  constexpr int size = Vector<Element>::size;
  GPU_SHARED(double, shared, [sum_threads][size]);
  const int thread = static_cast<int>(threadIdx.x), column = thread % columns, lanes = sum_threads / columns;
  const int first = static_cast<int>(blockIdx.y) * columns * size, c = first + column * size;
  float sums[size] = {};
  for (int pixel = thread / columns; pixel < pixels && c < channels; pixel += lanes) {
    float numbers[size];
    x.read(Index{blockIdx.x} * pixels + pixel, c, channels, numbers);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) sums[j] += numbers[j];
  }
  const double sum = joined<sum_threads>(sums, shared, columns);
  if (thread < columns * size && first + thread < channels)
    y.data[Index{blockIdx.x} * y.stride + first + thread] = rounded<Element>(static_cast<float>(sum / pixels));
}

/// terms.finish(channel, totals) with the sums of all parts.
template <class Terms>
struct ChannelTotals {
  Terms terms;
  const double* parts;
  int channels;
  static constexpr int count = Terms::count;

  __device__ void add(int part, Index c, double (&totals)[count]) const {
    GPU_UNROLL
    for (int which = 0; which < count; ++which) totals[which] += parts[(Index{part} * count + which) * channels + c];
  }
  __device__ void finish(Index c, const double (&totals)[count]) const { terms.finish(static_cast<int>(c), totals); }
};

/// A number for each channel of a vector.
template <int size>
struct Column {
  float numbers[size];
};

/// Σ over the rows of dy.
template <class Element>
struct BiasSums {
  Rows<Element> dy;
  int channels;
  float* dbias;
  static constexpr int count = 1, size = Vector<Element>::size;

  __device__ int column(int) const { return 0; }
  __device__ void add(int row, int c, int, float (*sums)[size]) const {
    float gradients[size];
    dy.read(row, c, channels, gradients);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) sums[0][j] += gradients[j];
  }
  __device__ void finish(int c, const double* totals) const { dbias[c] = static_cast<float>(totals[0]); }
};

/// Mean and variance, of distances from the first row: a mean far from zero costs no digits.
template <class Element>
struct MomentSums {
  Rows<Element> x;
  int channels;
  float *mean, *variance;
  int rows;
  static constexpr int count = 2, size = Vector<Element>::size;

  __device__ Column<size> column(int c) const {
    Column<size> first;
    x.read(0, c, channels, first.numbers);
    return first;
  }
  __device__ void add(int row, int c, const Column<size>& first, float (*sums)[size]) const {
    float numbers[size];
    x.read(row, c, channels, numbers);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) {
      const float distance = numbers[j] - first.numbers[j];
      sums[0][j] += distance;
      sums[1][j] += distance * distance;
    }
  }
  __device__ void finish(int c, const double* totals) const {
    const double distance = totals[0] / rows, spread = totals[1] / rows - distance * distance;
    mean[c] = static_cast<float>(static_cast<double>(number(x.data[c])) + distance);
    variance[c] = static_cast<float>(spread > 0 ? spread : 0.0);
  }
};

/// Gradients of γ and β from the gradient of the activated output.
template <class Element>
struct NormalizationSums {
  Rows<Element> x, y, dy;
  int channels;
  const float *mean, *variance;
  float *dgamma, *dbeta;
  double epsilon;
  Activation act;
  static constexpr int count = 2, size = Vector<Element>::size;

  __device__ Column<size> column(int c) const {
    Column<size> means;
    read_channels(mean, c, channels, means.numbers);
    return means;
  }
  __device__ void add(int row, int c, const Column<size>& means, float (*sums)[size]) const {
    float numbers[size], gradients[size];
    x.read(row, c, channels, numbers);
    dy.read(row, c, channels, gradients);
    mask(y, row, c, channels, act, gradients);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) {
      sums[0][j] += gradients[j] * (numbers[j] - means.numbers[j]);
      sums[1][j] += gradients[j];
    }
  }
  __device__ void finish(int c, const double* totals) const {
    dgamma[c] = static_cast<float>(totals[0] / sqrt(static_cast<double>(variance[c]) + epsilon));
    dbeta[c] = static_cast<float>(totals[1]);
  }
};

}  // namespace danas::cuda
