// Rows times a packed panel: register tiles of rows × vectors over the whole depth, so that an element's sum has the
// same order whatever tile it falls in.
#include "tensor/cpu/register_tile.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

template <int rows, int vectors>
void tile(const MatmulBlock& block, const float* x, float* y) {
  V sum[rows][vectors];
#pragma GCC unroll 32
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[r][v] = V{};
  for (Index segment = 0; segment < block.segments; ++segment)
    multiply<rows, vectors>(x + segment * block.segment_step, block.x_stride, block.depth,
                            block.panel + segment * block.depth * vectors * lanes, sum);
  if (block.bias) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const Index left = block.columns - v * lanes;
      const V bias = left >= lanes ? load(block.bias + v * lanes) : Part{left}.load(block.bias + v * lanes);
#pragma GCC unroll 32
      for (int r = 0; r < rows; ++r) sum[r][v] = sum[r][v] + bias;
    }
  }
  if (block.act != Activation::none) {
#pragma GCC unroll 32
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] = activate(block.act, sum[r][v]);
  }
  const Index last = block.columns - (vectors - 1) * lanes;
  if (block.accumulate) {
#pragma GCC unroll 32
    for (int r = 0; r < rows; ++r) {
      const float* out = y + r * block.y_stride;
#pragma GCC unroll 4
      for (int v = 0; v < vectors - 1; ++v) sum[r][v] = sum[r][v] + load(out + v * lanes);
      const float* end = out + (vectors - 1) * lanes;
      sum[r][vectors - 1] = sum[r][vectors - 1] + (last == lanes ? load(end) : Part{last}.load(end));
    }
  }
#pragma GCC unroll 32
  for (int r = 0; r < rows; ++r) {
    float* out = y + r * block.y_stride;
#pragma GCC unroll 4
    for (int v = 0; v < vectors - 1; ++v) store(out + v * lanes, sum[r][v]);
    if (last == lanes) store(out + (vectors - 1) * lanes, sum[r][vectors - 1]);
    else Part{last}.store(out + (vectors - 1) * lanes, sum[r][vectors - 1]);
  }
}

/// Tiles of the given heights, each as often as it fits.
template <int vectors, int... heights>
DANAS_INLINE void panel(const MatmulBlock& block) {
  Index row = 0;
  const auto cover = [&]<int height>() {
    for (; row + height <= block.rows; row += height)
      tile<height, vectors>(block, block.x + row * block.x_stride, block.y + row * block.y_stride);
  };
  (cover.template operator()<heights>(), ...);
}

}  // namespace

void matmul(const MatmulBlock& block) {
  if constexpr (registers == 32) {
    constexpr int tallest = lanes == 16 ? 14 : 12;  // AVX-512 multiplies by a float in memory, NEON needs a register
    if (block.vectors == 1) panel<1, 24, 12, 8, 4, 2, 1>(block);
    else if (block.vectors == 2) panel<2, tallest, 12, 8, 4, 2, 1>(block);
    else panel<3, 8, 4, 2, 1>(block);
  } else {
    if (block.vectors == 1) panel<1, 12, 8, 4, 2, 1>(block);
    else if (block.vectors == 2) panel<2, 6, 4, 2, 1>(block);
    else panel<3, 4, 2, 1>(block);
  }
}

}  // namespace danas::cpu::DANAS_SIMD
