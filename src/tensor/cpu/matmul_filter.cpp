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
#if DANAS_LANES == 16  // 32 registers
  if (vectors == 1) strip<1, 24, 16, 8, 4, 2, 1>(block, last, column);
  else if (vectors == 2) strip<2, 12, 8, 4, 2, 1>(block, last, column);
  else strip<3, 8, 4, 2, 1>(block, last, column);
#else  // 16 registers
  if (vectors == 1) strip<1, 12, 8, 4, 2, 1>(block, last, column);
  else if (vectors == 2) strip<2, 6, 4, 2, 1>(block, last, column);
  else strip<3, 4, 2, 1>(block, last, column);
#endif
}

}  // namespace

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
