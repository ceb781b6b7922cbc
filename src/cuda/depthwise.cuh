// Depthwise convolutions: bound by memory. Neighboring threads have neighboring vectors of channels (128 bits); a thread has
// `strip` neighboring pixels of its channels, for which it reads a tap of the filter once. x is read once from memory and
// kernel² times from the caches. 51 (f32) or 72 (16 bits) registers on sm_80.
#pragma once

#include "cuda/activation.cuh"
#include "cuda/window.cuh"

namespace danas::cuda {

constexpr int strip = 4;

/// Where a strip of an image's rows of `width` pixels begins: number i of [n, h, ⌈width/strip⌉, ⌈channels/size⌉].
struct Strip {
  int c, x, y;
  Index line;  ///< n·h + y

  __device__ Strip(Index i, int height, int width, int channels, int size) {
    const int strips = (width + strip - 1) / strip, columns = (channels + size - 1) / size;
    c = static_cast<int>(i % columns) * size;
    const Index place = i / columns;
    x = static_cast<int>(place % strips) * strip;
    line = place / strips;
    y = static_cast<int>(line % height);
  }
};

/// sums += numbers·tap, channel by channel.
template <int size>
__device__ void add_products(const float (&numbers)[size], const float (&tap)[size], float (&sums)[size]) {
  GPU_UNROLL
  for (int k = 0; k < size; ++k) sums[k] += numbers[k] * tap[k];
}

/// y = act(bias + Σ over the taps of x·w). Reads x, writes y once.
template <class Element>
struct DepthwiseForward {
  static constexpr int resident_blocks = 3;

  Rows<Element> x;
  Weights<Element> w;
  const float* bias;
  Activation act;
  Rows<Element> y;
  Window window;
  int channels;
  static constexpr int size = Vector<Element>::size;

  __device__ void operator()(Index i) const {
    const Strip at(i, window.out_h, window.out_w, channels, size);
    const Index image = at.line / window.out_h * window.h;
    float sums[strip][size] = {};
    for (int ky = 0; ky < window.kernel_h; ++ky) {
      const int iy = at.y * window.stride + ky - window.top;
      if (iy < 0 || iy >= window.h) continue;
      const Index first = (image + iy) * window.w;
      for (int kx = 0; kx < window.kernel_w; ++kx) {
        float tap[size];
        w.tap_rows(ky * window.kernel_w + kx).read(0, at.c, channels, tap);
        GPU_UNROLL
        for (int j = 0; j < strip; ++j) {
          const int ix = (at.x + j) * window.stride + kx - window.left;
          if (ix < 0 || ix >= window.w) continue;
          float numbers[size];
          x.read(first + ix, at.c, channels, numbers);
          add_products(numbers, tap, sums[j]);
        }
      }
    }
    GPU_UNROLL
    for (int j = 0; j < strip; ++j) {
      if (at.x + j >= window.out_w) continue;
      GPU_UNROLL
      for (int k = 0; k < size; ++k)
        if (at.c + k < channels) sums[j][k] = finished(sums[j][k], bias, at.c + k, act);
      y.write(at.line * window.out_w + at.x + j, at.c, channels, sums[j]);
    }
  }
};

/// dx = Σ over the taps of dy·w. Reads dy, writes dx once.
template <class Element>
struct DepthwiseInput {
  static constexpr int resident_blocks = 3;

  Rows<Element> dy;
  Weights<Element> w;
  Rows<Element> dx;
  Window window;
  int channels;
  static constexpr int size = Vector<Element>::size;

  __device__ void operator()(Index i) const {
    const Strip at(i, window.h, window.w, channels, size);
    const Index image = at.line / window.h * window.out_h;
    float sums[strip][size] = {};
    for (int ky = 0; ky < window.kernel_h; ++ky) {
      const int oy = window.output_of(at.y + window.top - ky, window.out_h);
      if (oy < 0) continue;
      const Index first = (image + oy) * window.out_w;
      for (int kx = 0; kx < window.kernel_w; ++kx) {
        float tap[size];
        w.tap_rows(ky * window.kernel_w + kx).read(0, at.c, channels, tap);
        GPU_UNROLL
        for (int j = 0; j < strip; ++j) {
          const int ox = window.output_of(at.x + j + window.left - kx, window.out_w);
          if (ox < 0) continue;
          float gradients[size];
          dy.read(first + ox, at.c, channels, gradients);
          add_products(gradients, tap, sums[j]);
        }
      }
    }
    GPU_UNROLL
    for (int j = 0; j < strip; ++j)
      if (at.x + j < window.w) dx.write(at.line * window.w + at.x + j, at.c, channels, sums[j]);
  }
};

constexpr int filter_threads = 256, filter_taps = 3;

/// Σ of x·dy by channel for three neighboring taps, over a part of y's pixels: parts [part][tap][channel]. Blocks
/// of 256 threads: `columns` vectors of channels (a power of 2) by 256/columns pixels; 4 (f32) or 8 KiB of shared memory;
/// x and dy are read once for every row of taps. Grid: (⌈vectors of channels/columns⌉, kernel_h·⌈kernel_w/3⌉, parts).
template <class Element>
__global__ void __launch_bounds__(filter_threads)
    depthwise_filter_parts(Rows<Element> x, Rows<Element> dy, Window window, int channels, int rows, int part,
                           int columns, float* parts) {
  constexpr int size = Vector<Element>::size;
  GPU_SHARED(float, shared, [filter_threads][size]);
  const int thread = static_cast<int>(threadIdx.x), column = thread % columns, lane = thread / columns;
  const int left = static_cast<int>(blockIdx.x) * columns * size, c = left + column * size;
  const int lanes = filter_threads / columns, groups = (window.kernel_w + filter_taps - 1) / filter_taps;
  const int ky = static_cast<int>(blockIdx.y) / groups, first = static_cast<int>(blockIdx.y) % groups * filter_taps;
  const int begin = static_cast<int>(blockIdx.z) * part, end = rows - begin < part ? rows : begin + part;
  float sums[filter_taps][size] = {};
  for (int row = begin + lane; row < end && c < channels; row += lanes) {
    const int ox = row % window.out_w, line = row / window.out_w;
    const int iy = line % window.out_h * window.stride + ky - window.top;
    if (iy < 0 || iy >= window.h) continue;
    float gradients[size];
    dy.read(row, c, channels, gradients);
    GPU_UNROLL
    for (int tap = 0; tap < filter_taps; ++tap) {
      const int ix = ox * window.stride + first + tap - window.left;
      if (ix < 0 || ix >= window.w) continue;
      float numbers[size];
      x.read((Index{line / window.out_h} * window.h + iy) * window.w + ix, c, channels, numbers);
      add_products(numbers, gradients, sums[tap]);
    }
  }
  GPU_UNROLL
  for (int tap = 0; tap < filter_taps; ++tap) {
    GPU_UNROLL
    for (int j = 0; j < size; ++j) shared[thread][j] = sums[tap][j];
    __syncthreads();
    for (int mine = thread; mine < columns * size; mine += filter_threads) {
      if (left + mine >= channels || first + tap >= window.kernel_w) break;
      float sum = 0;
      for (int from = 0; from < lanes; ++from) sum += shared[from * columns + mine / size][mine % size];
      parts[(Index{blockIdx.z} * window.taps() + ky * window.kernel_w + first + tap) * channels + left + mine] = sum;
    }
    __syncthreads();
  }
}

}  // namespace danas::cuda
