// The inner loop of all products of rows and a packed panel.
#pragma once

#include "tensor/cpu/simd.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

/// sum += x [rows, depth]·panel [depth][vectors·lanes].
template <int rows, int vectors>
DANAS_INLINE void multiply(const float* x, Index x_stride, Index depth, const float* panel, V (&sum)[rows][vectors]) {
  // Four rows share a pointer: x86 addresses a base plus 0, 1, 2 times a register; 3 strides take one more register.
  constexpr int groups = (rows + 3) / 4;
  const float* group[groups];
#pragma GCC unroll 32
  for (int g = 0; g < groups; ++g) {
    group[g] = x + 4 * g * x_stride;
    asm("" : "+r"(group[g]));  // else the compiler keeps a pointer for each row, more than there are registers
  }
  const Index stride3 = 3 * x_stride;
#pragma GCC unroll 2
  for (Index k = 0; k < depth; ++k) {
    V b[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) b[v] = load(panel + v * lanes);
    panel += vectors * lanes;
#pragma GCC unroll 32
    for (int r = 0; r < rows; ++r) {
      const float* p = group[r / 4];
      const V a = all(r % 4 == 0 ? p[0] : r % 4 == 1 ? p[x_stride] : r % 4 == 2 ? p[2 * x_stride] : p[stride3]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] = fma(a, b[v], sum[r][v]);
    }
#pragma GCC unroll 32
    for (int g = 0; g < groups; ++g) ++group[g];
  }
}

}  // namespace
}  // namespace danas::cpu::DANAS_SIMD
