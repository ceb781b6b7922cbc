// Depthwise 3×3 convolutions between two batch normalizations, strides 1 and 2: what is read is normalized on the way, and a
// block leaves parts of the sums that the next normalization, or its gradient, begins with. Blocks of 256 threads: `columns`
// (a power of 2) times a few channels, 32 at most in all, by 256/columns strips of neighboring pixels; a part of an image's
// lines to a block, so that parts are few. Operands are read once from memory and up to nine times from the caches. Forward a
// thread has four channels, 8 (16 bits) or 16 bytes at a time, 8 KiB of shared memory and at most 128 registers: two
// blocks to a multiprocessor; backward two channels, 4 KiB and 80 registers: three. Grids: (parts, ⌈channels/32⌉).
#pragma once

#include "cuda/on_load.cuh"
#include "cuda/parts.cuh"
#include "cuda/window.cuh"

namespace danas::cuda {

constexpr int moments_threads = 256, gradient_threads = 128, block_taps = 9, block_channels = 32;
constexpr int moments_channels = 4, gradient_channels = 2, gradient_strip = 4;  ///< of a thread
template <int stride>
constexpr int moments_strip = stride == 1 ? 4 : 2;  ///< so that registers suffice

/// A part of an image's lines, in strips of so many pixels: what the threads of a block share.
struct Lines {
  int lines, part;  ///< all of them; of a block
  int strips;       ///< to a line
  int columns;      ///< to a block, of a thread's channels each

  __device__ int first() const { return static_cast<int>(blockIdx.x) * part; }
  __device__ int count() const { return lines - first() < part ? lines - first() : part; }
  __device__ int column() const { return static_cast<int>(threadIdx.x) % columns; }
  __device__ int lane() const { return static_cast<int>(threadIdx.x) / columns; }
  __device__ int lanes() const { return static_cast<int>(blockDim.x) / columns; }
  __device__ int channel(int of_thread) const {
    return (static_cast<int>(blockIdx.y) * columns + column()) * of_thread;
  }
};

/// sums += numbers·tap, channel by channel.
template <int count>
__device__ void add_taps(const float (&numbers)[count], const float (&tap)[count], float (&sums)[count]) {
  GPU_UNROLL
  for (int k = 0; k < count; ++k) sums[k] += numbers[k] * tap[k];
}

template <class Element, int count>
__device__ void read_few(const Rows<Element>& rows, Index row, int c, int channels, float (&numbers)[count]) {
  const auto few = rows.template load_few<count>(row, c, channels);
  GPU_UNROLL
  for (int k = 0; k < count; ++k) numbers[k] = number(few.at[k]);
}

template <class Element>
struct DepthwiseMoments {
  Lines cut;  ///< of y
  Rows<Element> x;
  Normalization<Element> normalization;  ///< of x
  Weights<Element> w;
  Rows<Element> y;
  Window window;
  int channels;
  double* parts;  ///< [part][2][channels]: Σ y, Σ y²
};

/// A thread's channels of a strip of y's pixels, from x0 on of a line.
template <int stride, bool normalized, class Element>
__device__ void filter_strip(const DepthwiseMoments<Element>& of, const float (&taps)[block_taps][moments_channels],
                             int line, int x0, int c, float (&results)[moments_strip<stride>][moments_channels]) {
  constexpr int strip = moments_strip<stride>, seen = (strip - 1) * stride + 3;
  const Window& window = of.window;
  const int oy = line % window.out_h, image = line / window.out_h, left = x0 * stride - window.left;
  float scale[moments_channels], shift[moments_channels];
  if constexpr (normalized) {
    of.normalization.of.read(of.normalization.scales, c, scale);
    of.normalization.of.read(of.normalization.shifts, c, shift);
  }
  GPU_UNROLL
  for (int ky = 0; ky < 3; ++ky) {
    const int iy = oy * stride + ky - window.top;
    if (iy < 0 || iy >= window.h) continue;
    const Index row = (Index{image} * window.h + iy) * window.w;
    Few<Element, moments_channels> loaded[seen] = {};
    GPU_UNROLL
    for (int t = 0; t < seen; ++t)
      if (left + t >= 0 && left + t < window.w)
        loaded[t] = of.x.template load_few<moments_channels>(row + left + t, c, of.channels);
    GPU_UNROLL
    for (int t = 0; t < seen; ++t) {
      const bool inside = left + t >= 0 && left + t < window.w;
      float numbers[moments_channels];
      GPU_UNROLL
      for (int k = 0; k < moments_channels; ++k) {
        numbers[k] = number(loaded[t].at[k]);
        if constexpr (normalized)
          numbers[k] = inside ? of.normalization.normalized(numbers[k], scale[k], shift[k], Activation::relu6) : 0;
      }
      GPU_UNROLL
      for (int kx = 0; kx < 3; ++kx) {
        if ((t - kx) % stride != 0 || t < kx || (t - kx) / stride >= strip) continue;
        add_taps(numbers, taps[ky * 3 + kx], results[(t - kx) / stride]);
      }
    }
  }
}

/// y, the convolution of x normalized (ReLU6) or as it is, and the sums of y.
template <int stride, bool normalized, class Element>
__global__ void __launch_bounds__(moments_threads, 2) depthwise_moments(DepthwiseMoments<Element> of) {
  GPU_SHARED(double, shared, [moments_threads][moments_channels]);
  GPU_SHARED(float, centers, [block_channels]);
  constexpr int strip = moments_strip<stride>;
  const int c = of.cut.channel(moments_channels), items = of.cut.count() * of.cut.strips,
            column = of.cut.column() * moments_channels;
  float taps[block_taps][moments_channels], sums[2][moments_channels] = {};
  if (c < of.channels) {
    GPU_UNROLL
    for (int tap = 0; tap < block_taps; ++tap) read_few(of.w.tap_rows(tap), 0, c, of.channels, taps[tap]);
  }
  for (int item = of.cut.lane(), turn = 0; turn * of.cut.lanes() < items; item += of.cut.lanes(), ++turn) {
    const bool mine = item < items && c < of.channels;
    const int line = of.cut.first() + item / of.cut.strips, x0 = item % of.cut.strips * strip;
    float results[strip][moments_channels] = {};
    if (mine) filter_strip<stride, normalized>(of, taps, line, x0, c, results);
    if (turn == 0) {  // distances from the block's first pixel cost no digits
      if (mine && of.cut.lane() == 0) {
        GPU_UNROLL
        for (int k = 0; k < moments_channels; ++k) centers[column + k] = results[0][k];
      }
      __syncthreads();
    }
    GPU_UNROLL
    for (int j = 0; j < strip; ++j) {
      if (!mine || x0 + j >= of.window.out_w) continue;
      Few<Element, moments_channels> stored;
      GPU_UNROLL
      for (int k = 0; k < moments_channels; ++k) {
        stored.at[k] = rounded<Element>(results[j][k]);
        const float distance = number(stored.at[k]) - centers[column + k];
        sums[0][k] += distance;
        sums[1][k] += distance * distance;
      }
      of.y.store_few(Index{line} * of.window.out_w + x0 + j, c, of.channels, stored);
    }
  }
  const double one = joined<moments_threads>(sums[0], shared, of.cut.columns);
  const double two = joined<moments_threads>(sums[1], shared, of.cut.columns);
  const int thread = static_cast<int>(threadIdx.x), own = c - column + thread;
  if (thread < of.cut.columns * moments_channels && own < of.channels)
    leave_moments(of.parts, of.channels, own, of.cut.count() * of.window.out_w, static_cast<double>(centers[thread]),
                  one, two);
}

template <class Element>
struct DepthwiseGradients {
  Lines cut;            ///< of x
  Rows<Element> dz, y;  ///< the masked gradient of the normalized output, the output before that
  Coefficients slopes;  ///< of the output's normalization
  Rows<Element> x;
  Normalization<Element> normalization;  ///< of x
  Weights<Element> w;
  Rows<Element> dx;  ///< data null: not wanted
  Window window;
  int channels;
  double* parts;  ///< [part][9 or 11][channels]: of the filter, then Σ dx·(x − mean) and Σ dx where x is normalized
};

/// What a strip of x's pixels, `z` as they are convolved, gets of the outputs that see it, and what the filter gets of
/// those. `p0` is the strip's begin, counted from the padding's: a multiple of the stride.
template <int stride, class Element>
__device__ void gradient_strip_of(const DepthwiseGradients<Element>& of, int line, int p0, int c,
                                  const float (&z)[gradient_strip][gradient_channels],
                                  float (&dx)[gradient_strip][gradient_channels],
                                  float (&dw)[block_taps][gradient_channels]) {
  constexpr int seeing = (gradient_strip + 1) / stride + 1;
  const Window& window = of.window;
  const int iy = line % window.h, image = line / window.h, left = (p0 - 2) / stride;
  float a[gradient_channels], b[gradient_channels], constant[gradient_channels];
  of.slopes.read(0, c, a);
  of.slopes.read(1, c, b);
  of.slopes.read(2, c, constant);
  GPU_UNROLL
  for (int ky = 0; ky < 3; ++ky) {
    const int below = iy + window.top - ky, oy = below / stride;
    if (below < 0 || below % stride != 0 || oy >= window.out_h) continue;
    const Index row = (Index{image} * window.out_h + oy) * window.out_w;
    float taps[3][gradient_channels];
    GPU_UNROLL
    for (int kx = 0; kx < 3; ++kx) read_few(of.w.tap_rows(ky * 3 + kx), 0, c, of.channels, taps[kx]);
    GPU_UNROLL
    for (int t = 0; t < seeing; ++t) {
      const int ox = left + t;
      if (ox < 0 || ox >= window.out_w) continue;
      float gradients[gradient_channels], outputs[gradient_channels];
      read_few(of.dz, row + ox, c, of.channels, gradients);
      read_few(of.y, row + ox, c, of.channels, outputs);
      GPU_UNROLL
      for (int k = 0; k < gradient_channels; ++k)
        gradients[k] = number(rounded<Element>(a[k] * gradients[k] + (b[k] * outputs[k] + constant[k])));
      GPU_UNROLL
      for (int kx = 0; kx < 3; ++kx) {
        const int j = stride * t + kx - 2;
        if (j < 0 || j >= gradient_strip) continue;
        add_taps(gradients, taps[kx], dx[j]);
        add_taps(gradients, z[j], dw[ky * 3 + kx]);
      }
    }
  }
}

/// Both gradients of the convolution in one pass, and the sums for the gradient of the normalization before it: dx is masked
/// by what x is normalized to. Without that dx is the gradient of x itself.
template <int stride, bool normalized, class Element>
__global__ void __launch_bounds__(gradient_threads, 5) depthwise_gradients(DepthwiseGradients<Element> of) {
  GPU_SHARED(double, shared, [gradient_threads][gradient_channels]);
  constexpr int kept = block_taps + (normalized ? 2 : 0);
  const Window& window = of.window;
  const int c = of.cut.channel(gradient_channels), items = of.cut.count() * of.cut.strips;
  const int shifted = stride == 2 ? window.left : 0;  // strips begin where an output does
  float dw[block_taps][gradient_channels] = {}, sums[2][gradient_channels] = {};
  for (int item = of.cut.lane(); item < items && c < of.channels; item += of.cut.lanes()) {
    const int line = of.cut.first() + item / of.cut.strips, x0 = item % of.cut.strips * gradient_strip - shifted;
    const Index pixel = Index{line} * window.w + x0;
    float z[gradient_strip][gradient_channels] = {}, dx[gradient_strip][gradient_channels] = {};
    GPU_UNROLL
    for (int j = 0; j < gradient_strip; ++j) {
      if (x0 + j < 0 || x0 + j >= window.w) continue;
      read_few(of.x, pixel + j, c, of.channels, z[j]);
      if constexpr (normalized) of.normalization.apply(c, z[j]);
    }
    gradient_strip_of<stride>(of, line, x0 + window.left, c, z, dx, dw);
    GPU_UNROLL
    for (int j = 0; j < gradient_strip; ++j) {
      if (x0 + j < 0 || x0 + j >= window.w || of.dx.data == nullptr) continue;
      float x[gradient_channels], mean[gradient_channels];
      if constexpr (normalized) {
        read_few(of.x, pixel + j, c, of.channels, x);  // once more: registers are scarcer
        of.normalization.of.read(of.normalization.means, c, mean);
      }
      Few<Element, gradient_channels> stored;
      GPU_UNROLL
      for (int k = 0; k < gradient_channels; ++k) {
        if constexpr (normalized) dx[j][k] *= slope(z[j][k], Activation::relu6);
        stored.at[k] = rounded<Element>(dx[j][k]);
        if constexpr (normalized) {
          sums[0][k] += number(stored.at[k]) * (x[k] - mean[k]);
          sums[1][k] += number(stored.at[k]);
        }
      }
      of.dx.store_few(pixel + j, c, of.channels, stored);
    }
  }
  const int thread = static_cast<int>(threadIdx.x), own = c - of.cut.column() * gradient_channels + thread;
  double* const parts = of.parts + Index{blockIdx.x} * kept * of.channels + own;
  GPU_UNROLL
  for (int which = 0; which < kept; ++which) {
    const double sum =
        joined<gradient_threads>(which < block_taps ? dw[which] : sums[which - block_taps], shared, of.cut.columns);
    if (thread < of.cut.columns * gradient_channels && own < of.channels) parts[Index{which} * of.channels] = sum;
  }
}

/// What becomes of the parts, for totals_of_parts over 9 (the filter) or 10 times the channels: the last of them have the
/// two sums, which terms.finish(channel, totals) takes.
template <class Terms>
struct DepthwiseTotals {
  Terms terms;
  const double* parts;
  int channels, kept;
  Weights<float> dw;  ///< data null: not wanted
  static constexpr int count = 2;

  __device__ void add(int part, Index i, double (&totals)[2]) const {
    const double* const from = parts + Index{part} * kept * channels + i;
    totals[0] += from[0];
    if (i >= block_taps * channels) totals[1] += from[channels];
  }
  __device__ void finish(Index i, const double (&totals)[2]) const {
    const int c = static_cast<int>(i % channels), tap = static_cast<int>(i / channels);
    if (tap >= block_taps) terms.finish(c, totals);
    else if (dw.rows.data != nullptr) dw.at(tap, 0, c) = static_cast<float>(totals[0]);
  }
};

}  // namespace danas::cuda
