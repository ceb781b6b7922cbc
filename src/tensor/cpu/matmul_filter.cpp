// out = aᵀ·b over rows: register tiles of a's columns × vectors of b's columns, summed over the rows of one block,
// which the caller keeps small enough for the cache.
#include "tensor/cpu/simd.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

/// One tile; `last` loads and stores the last vector of its columns, which may be partial.
template <int height, int vectors, class Last>
void tile(const FilterBlock& block, const Last& last, const float* a, const float* b, float* out) {
  V sum[height][vectors];
#pragma GCC unroll 32
  for (int i = 0; i < height; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[i][v] = V{};

  constexpr int tail = (vectors - 1) * lanes;
#pragma GCC unroll 2
  for (Index row = 0; row < block.rows; ++row) {
    V right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors - 1; ++v) right[v] = load(b + v * lanes);
    right[vectors - 1] = last.load(b + tail);
#pragma GCC unroll 32
    for (int i = 0; i < height; ++i) {
      const V left = all(a[i]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[i][v] = fma(left, right[v], sum[i][v]);
    }
    a += block.a_stride;
    b += block.b_stride;
  }

#pragma GCC unroll 32
  for (int i = 0; i < height; ++i) {
    float* p = out + i * block.out_stride;
    if (block.accumulate) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors - 1; ++v) sum[i][v] = load(p + v * lanes) + sum[i][v];
      sum[i][vectors - 1] = last.load(p + tail) + sum[i][vectors - 1];
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors - 1; ++v) store(p + v * lanes, sum[i][v]);
    last.store(p + tail, sum[i][vectors - 1]);
  }
}

template <int vectors, int... heights, class Last>
DANAS_INLINE void strip(const FilterBlock& block, const Last& last, Index column) {
  Index i = 0;
  const auto cover = [&]<int height>() {
    for (; i + height <= block.a_columns; i += height)
      tile<height, vectors>(block, last, block.a + i, block.b + column, block.out + i * block.out_stride + column);
  };
  (cover.template operator()<heights>(), ...);
}

template <class Last>
void strip(const FilterBlock& block, const Last& last, Index column, int vectors) {
  if constexpr (registers == 32) {
    if (vectors == 1) strip<1, 24, 16, 8, 4, 2, 1>(block, last, column);
    else if (vectors == 2) strip<2, 12, 8, 4, 2, 1>(block, last, column);
    else strip<3, 8, 4, 2, 1>(block, last, column);
  } else {
    if (vectors == 1) strip<1, 12, 8, 4, 2, 1>(block, last, column);
    else if (vectors == 2) strip<2, 6, 4, 2, 1>(block, last, column);
    else strip<3, 4, 2, 1>(block, last, column);
  }
}

/// Three columns of each of three segments, the windows of a 3×3 convolution of few channels: as many sums as hide the
/// latency, where columns of one segment would be too few.
template <int vectors, class Last>
void window_tile(const WindowFilter& window, const Last& last, Index first, Index column) {
  constexpr int segments = 3, width = 3, tail = (vectors - 1) * lanes;
  V sum[segments][width][vectors];
#pragma GCC unroll 3
  for (int s = 0; s < segments; ++s)
#pragma GCC unroll 3
    for (int i = 0; i < width; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[s][i][v] = V{};
  const float *x = window.x + first, *dy = window.dy + column;
  for (Index pixel = 0; pixel < window.pixels; ++pixel, x += window.x_stride, dy += window.columns) {
    V right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors - 1; ++v) right[v] = load(dy + v * lanes);
    right[vectors - 1] = last.load(dy + tail);
#pragma GCC unroll 3
    for (int s = 0; s < segments; ++s)
#pragma GCC unroll 3
      for (int i = 0; i < width; ++i) {
        const V left = all(x[s * window.segment_step + i]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[s][i][v] = fma(left, right[v], sum[s][i][v]);
      }
  }
#pragma GCC unroll 3
  for (int s = 0; s < segments; ++s)
#pragma GCC unroll 3
    for (int i = 0; i < width; ++i) {
      float* out = window.out + (s * window.depth + first + i) * window.columns + column;
#pragma GCC unroll 4
      for (int v = 0; v < vectors - 1; ++v) store(out + v * lanes, load(out + v * lanes) + sum[s][i][v]);
      last.store(out + tail, last.load(out + tail) + sum[s][i][vectors - 1]);
    }
}

template <class Last>
void window_strip(const WindowFilter& window, const Last& last, Index column, int vectors) {
  for (Index first = 0; first < window.depth; first += 3) {
    if (vectors == 1) window_tile<1>(window, last, first, column);
    else if (vectors == 2) window_tile<2>(window, last, first, column);
    else window_tile<3>(window, last, first, column);
  }
}

/// Vectors of the next strip of windows: 9 sums for each, beside what is multiplied.
int window_vectors(Index left) { return registers == 32 ? panel_vectors(left) : 1; }

}  // namespace

void window_filter(const WindowFilter& window) {
  if (window.segments != 3 || window.depth % 3 != 0) {
    for (Index segment = 0; segment < window.segments; ++segment)
      filter({.a = window.x + segment * window.segment_step,
              .a_stride = window.x_stride,
              .a_columns = window.depth,
              .b = window.dy,
              .b_stride = window.columns,
              .b_columns = window.columns,
              .rows = window.pixels,
              .out = window.out + segment * window.depth * window.columns,
              .out_stride = window.columns,
              .accumulate = true});
    return;
  }
  for (Index column = 0; column < window.columns;) {
    const Index left = window.columns - column;
    const int vectors = window_vectors((left + lanes - 1) / lanes);
    if (left >= vectors * lanes) window_strip(window, Whole{}, column, vectors);
    else window_strip(window, Part{left - (vectors - 1) * lanes}, column, vectors);
    column += vectors * lanes;
  }
}

// Whole vectors: what one has beyond its segment is overwritten by the next.
void centered_windows(const CenteredWindows& windows) {
  const Index width = windows.segments * windows.depth;
  const float* x = windows.x;
  float* out = windows.out;
  for (Index pixel = 0; pixel < windows.pixels; ++pixel, x += windows.x_stride, out += width + 1) {
    for (Index segment = 0; segment < windows.segments; ++segment) {
      const float *from = x + segment * windows.segment_step, *center = windows.center + segment * windows.depth;
      float* to = out + segment * windows.depth;
      for (Index i = 0; i < windows.depth; i += lanes) store(to + i, load(from + i) - load(center + i));
    }
    out[width] = 1.0f;
  }
}

void filter(const FilterBlock& block) {
  for (Index column = 0; column < block.b_columns;) {
    const Index left = block.b_columns - column;
    const int vectors = panel_vectors((left + lanes - 1) / lanes);
    if (left >= vectors * lanes) strip(block, Whole{}, column, vectors);
    else strip(block, Part{left - (vectors - 1) * lanes}, column, vectors);
    column += vectors * lanes;
  }
}

}  // namespace danas::cpu::DANAS_SIMD
