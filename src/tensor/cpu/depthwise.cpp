// Depthwise convolution, channels innermost. Runs of pixels away from the left and right border of a 3×3 filter are
// done in register tiles; everything else pixel by pixel from a list of the taps that are inside.
#include "tensor/cpu/simd.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

constexpr int tile_pixels[] = {0, registers == 32 ? 8 : 4, 4};  ///< by stride

// The machine does not see through strides of a pixel: what the next tile reads of its last row, and what it writes.
template <int stride, int pixels>
DANAS_INLINE void prefetch_tile(const float* x, const float* y, Index channels) {
#pragma GCC unroll 16
  for (int p = 0; p < pixels * stride; ++p) __builtin_prefetch(x + (pixels * stride + 2 + p) * channels);
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p) __builtin_prefetch(y + (pixels + p) * channels, 1);
}

/// `pixels` neighboring outputs of all channels. Each input pixel is loaded once a filter row.
template <int stride, int pixels>
DANAS_INLINE void tile(const DepthwiseRow& row, const float* x, float* y) {
  constexpr int width = (pixels - 1) * stride + 3;
  for_vectors(row.channels, [&](const auto& memory, Index c) DANAS_ALWAYS_INLINE {
    if (pixels > 2) prefetch_tile<stride, pixels>(x + (row.taps_y - 1) * row.x_row + c, y + c, row.channels);
    V sum[pixels];
#pragma GCC unroll 16
    for (int p = 0; p < pixels; ++p) sum[p] = V{};
    for (int tap_y = 0; tap_y < row.taps_y; ++tap_y) {
      const float* taps = row.w + tap_y * 3 * row.tap_stride + c;
      const V w[3] = {memory.load(taps), memory.load(taps + row.tap_stride), memory.load(taps + 2 * row.tap_stride)};
      const float* in = x + tap_y * row.x_row + c;
#pragma GCC unroll 32
      for (int j = 0; j < width; ++j) {
        V value = memory.load(in + j * row.channels);
        DANAS_KEEP(value);
#pragma GCC unroll 4
        for (int tap = 0; tap < 3; ++tap)
          if ((j - tap) % stride == 0 && j >= tap && (j - tap) / stride < pixels)
            sum[(j - tap) / stride] = fma(value, w[tap], sum[(j - tap) / stride]);
      }
    }
    if (row.bias) {
      const V bias = memory.load(row.bias + c);
#pragma GCC unroll 16
      for (int p = 0; p < pixels; ++p) sum[p] = sum[p] + bias;
    }
    if (row.act != Activation::none) {
#pragma GCC unroll 16
      for (int p = 0; p < pixels; ++p) sum[p] = activate(row.act, sum[p]);
    }
#pragma GCC unroll 16
    for (int p = 0; p < pixels; ++p) memory.store(y + p * row.channels + c, sum[p]);
  });
}

template <int stride>
void run(const DepthwiseRow& row) {
  constexpr int wide = tile_pixels[stride];
  Index p = 0;
  const auto cover = [&]<int pixels>() {
    for (; p + pixels <= row.pixels; p += pixels)
      tile<stride, pixels>(row, row.x + p * stride * row.channels, row.y + p * row.channels);
  };
  cover.template operator()<wide>();
  cover.template operator()<2>();
  cover.template operator()<1>();
}

/// dw += x·dy of `pixels` neighboring outputs.
template <int stride, int pixels>
DANAS_INLINE void filter_tile(const DepthwiseFilterRow& row, const float* x, const float* dy) {
  constexpr int width = (pixels - 1) * stride + 3;
  for_vectors(row.channels, [&](const auto& memory, Index c) DANAS_ALWAYS_INLINE {
    if (pixels > 2) prefetch_tile<stride, pixels>(x + (row.taps_y - 1) * row.x_row + c, dy + c, row.channels);
    V gradient[pixels];
#pragma GCC unroll 16
    for (int p = 0; p < pixels; ++p) gradient[p] = memory.load(dy + p * row.channels + c);
    for (int tap_y = 0; tap_y < row.taps_y; ++tap_y) {
      float* taps = row.dw + tap_y * 3 * row.channels + c;
      V w[3];
#pragma GCC unroll 4
      for (int tap = 0; tap < 3; ++tap) w[tap] = memory.load(taps + tap * row.channels);
      const float* in = x + tap_y * row.x_row + c;
#pragma GCC unroll 32
      for (int j = 0; j < width; ++j) {
        V value = memory.load(in + j * row.channels);
        DANAS_KEEP(value);
#pragma GCC unroll 4
        for (int tap = 0; tap < 3; ++tap)
          if ((j - tap) % stride == 0 && j >= tap && (j - tap) / stride < pixels)
            w[tap] = fma(value, gradient[(j - tap) / stride], w[tap]);
      }
#pragma GCC unroll 4
      for (int tap = 0; tap < 3; ++tap) memory.store(taps + tap * row.channels, w[tap]);
    }
  });
}

template <int stride>
void filter_run(const DepthwiseFilterRow& row) {
  constexpr int wide = tile_pixels[stride];
  Index p = 0;
  const auto cover = [&]<int pixels>() {
    for (; p + pixels <= row.pixels; p += pixels)
      filter_tile<stride, pixels>(row, row.x + p * stride * row.channels, row.dy + p * row.channels);
  };
  cover.template operator()<wide>();
  cover.template operator()<2>();
  cover.template operator()<1>();
}

}  // namespace

void depthwise_row(const DepthwiseRow& row) {
  if (row.stride == 1) run<1>(row);
  else run<2>(row);
}

void depthwise_filter_row(const DepthwiseFilterRow& row) {
  if (row.stride == 1) filter_run<1>(row);
  else filter_run<2>(row);
}

void depthwise_pixel(const Tap* taps, Index count, Index channels, const float* bias, Activation act, float* y) {
  for_vectors(channels, [&](const auto& memory, Index c) {
    V sum{};
    for (Index t = 0; t < count; ++t) sum = fma(memory.load(taps[t].x + c), memory.load(taps[t].w + c), sum);
    if (bias) sum = sum + memory.load(bias + c);
    memory.store(y + c, activate(act, sum));
  });
}

void depthwise_filter_pixel(const FilterTap* taps, Index count, Index channels, const float* dy) {
  for_vectors(channels, [&](const auto& memory, Index c) {
    const V gradient = memory.load(dy + c);
    for (Index t = 0; t < count; ++t)
      memory.store(taps[t].w + c, fma(memory.load(taps[t].x + c), gradient, memory.load(taps[t].w + c)));
  });
}

}  // namespace danas::cpu::DANAS_SIMD
