// Depthwise convolutions: bound by memory. Neighboring threads have neighboring channels; a thread has `strip` neighboring
// pixels of its channel, for which it reads a tap of the filter once. x is read once from memory and kernel² times from
// the caches.
#pragma once

#include "cuda/activation.cuh"
#include "cuda/window.cuh"

namespace danas::cuda {

constexpr int strip = 4;

/// Where a strip of an image's rows of `width` pixels begins: number i of [n, h, ⌈width/strip⌉, channels].
struct Strip {
  int c, x, y;
  Index line;  ///< n·h + y

  __device__ Strip(Index i, int height, int width, int channels) {
    const int strips = (width + strip - 1) / strip;
    c = static_cast<int>(i % channels);
    const Index place = i / channels;
    x = static_cast<int>(place % strips) * strip;
    line = place / strips;
    y = static_cast<int>(line % height);
  }
};

/// y = act(bias + Σ over the taps of x·w). Reads x, writes y once.
struct DepthwiseForward {
  const float* x;
  Weights w;
  const float* bias;
  Activation act;
  float* y;
  Window window;
  int channels;

  __device__ void operator()(Index i) const {
    const Strip at(i, window.out_h, window.out_w, channels);
    const Index image = at.line / window.out_h * window.h;
    float sums[strip] = {};
    for (int ky = 0; ky < window.kernel_h; ++ky) {
      const int iy = at.y * window.stride + ky - window.top;
      if (iy < 0 || iy >= window.h) continue;
      const float* const row = x + (image + iy) * window.w * channels + at.c;
      for (int kx = 0; kx < window.kernel_w; ++kx) {
        const float tap = w.at(ky * window.kernel_w + kx, 0, at.c);
        GPU_UNROLL
        for (int j = 0; j < strip; ++j) {
          const int ix = (at.x + j) * window.stride + kx - window.left;
          if (ix >= 0 && ix < window.w) sums[j] += row[Index{ix} * channels] * tap;
        }
      }
    }
    GPU_UNROLL
    for (int j = 0; j < strip; ++j)
      if (at.x + j < window.out_w)
        y[(at.line * window.out_w + at.x + j) * channels + at.c] = finished(sums[j], bias, at.c, act);
  }
};

/// dx = Σ over the taps of dy·w. Reads dy, writes dx once.
struct DepthwiseInput {
  const float* dy;
  Weights w;
  float* dx;
  Window window;
  int channels;

  __device__ void operator()(Index i) const {
    const Strip at(i, window.h, window.w, channels);
    const Index image = at.line / window.h * window.out_h;
    float sums[strip] = {};
    for (int ky = 0; ky < window.kernel_h; ++ky) {
      const int oy = window.output_of(at.y + window.top - ky, window.out_h);
      if (oy < 0) continue;
      const float* const row = dy + (image + oy) * window.out_w * channels + at.c;
      for (int kx = 0; kx < window.kernel_w; ++kx) {
        const float tap = w.at(ky * window.kernel_w + kx, 0, at.c);
        GPU_UNROLL
        for (int j = 0; j < strip; ++j) {
          const int ox = window.output_of(at.x + j + window.left - kx, window.out_w);
          if (ox >= 0) sums[j] += row[Index{ox} * channels] * tap;
        }
      }
    }
    GPU_UNROLL
    for (int j = 0; j < strip; ++j)
      if (at.x + j < window.w) dx[(at.line * window.w + at.x + j) * channels + at.c] = sums[j];
  }
};

constexpr int filter_lanes = 8, filter_channels = 32, filter_taps = 3;

/// Σ of x·dy by channel for three neighboring taps, over a part of y's rows of pixels: parts [part][tap][channel].
/// Blocks of 32 channels × 8 pixels; 3 KiB of shared memory; x and dy are read once for every row of taps.
/// Grid: (channels/32, kernel_h·⌈kernel_w/3⌉, parts).
static __global__ void __launch_bounds__(filter_lanes* filter_channels)
    depthwise_filter_parts(const float* x, const float* dy, Window window, int channels, int lines, int part,
                           float* parts) {
  GPU_SHARED(float, shared, [filter_taps][filter_lanes][filter_channels]);
  const int lane = static_cast<int>(threadIdx.y), column = static_cast<int>(threadIdx.x);
  const int c = static_cast<int>(blockIdx.x) * filter_channels + column;
  const int groups = (window.kernel_w + filter_taps - 1) / filter_taps;
  const int ky = static_cast<int>(blockIdx.y) / groups, first = static_cast<int>(blockIdx.y) % groups * filter_taps;
  const int begin = static_cast<int>(blockIdx.z) * part, end = lines - begin < part ? lines : begin + part;
  float sums[filter_taps] = {};
  for (int line = begin; line < end && c < channels; ++line) {
    const int iy = line % window.out_h * window.stride + ky - window.top;
    if (iy < 0 || iy >= window.h) continue;
    const float* const row = x + (Index{line / window.out_h} * window.h + iy) * window.w * channels + c;
    for (int ox = lane; ox < window.out_w; ox += filter_lanes) {
      const float gradient = dy[(Index{line} * window.out_w + ox) * channels + c];
      GPU_UNROLL
      for (int tap = 0; tap < filter_taps; ++tap) {
        const int ix = ox * window.stride + first + tap - window.left;
        if (ix >= 0 && ix < window.w) sums[tap] += row[Index{ix} * channels] * gradient;
      }
    }
  }
  GPU_UNROLL
  for (int tap = 0; tap < filter_taps; ++tap) shared[tap][lane][column] = sums[tap];
  __syncthreads();
  if (lane >= filter_taps || first + lane >= window.kernel_w || c >= channels) return;
  float sum = 0;
  for (int from = 0; from < filter_lanes; ++from) sum += shared[lane][from][column];
  parts[(Index{blockIdx.z} * window.taps() + ky * window.kernel_w + first + lane) * channels + c] = sum;
}

}  // namespace danas::cuda
