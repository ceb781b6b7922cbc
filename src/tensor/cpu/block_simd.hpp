// How vectors lie in planes of 16 channels, for the kernels of the fused block.
#pragma once

#include <type_traits>

#include "tensor/cpu/block_kernels.hpp"
#include "tensor/cpu/simd.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

constexpr int plane_vectors = static_cast<int>(plane_channels) / lanes;

template <int value>
using Constant = std::integral_constant<int, value>;

/// Where the vector number `vector` of a channel group lies.
DANAS_INLINE Index vector_place(int vector, Index plane) {
  return vector / plane_vectors * plane + vector % plane_vectors * lanes;
}

/// Register tiles by their width in vectors: heights, the largest first.
template <int vectors, class Body>
DANAS_INLINE void for_heights(Index rows, Body&& body) {
  constexpr int tallest = registers == 32 ? 24 / vectors : vectors == 3 ? 4 : vectors == 2 ? 6 : 8;
  Index row = 0;
  for (; row + tallest <= rows; row += tallest) body(Constant<tallest>{}, row);
  if constexpr (tallest > 8)
    for (; row + 8 <= rows; row += 8) body(Constant<8>{}, row);
  if (tallest > 4 && row + 4 <= rows) {
    body(Constant<4>{}, row);
    row += 4;
  }
  for (; row + 2 <= rows; row += 2) body(Constant<2>{}, row);
  if (row < rows) body(Constant<1>{}, row);
}

/// body.template operator()<vectors>(first) over the panels of `count` vectors.
template <class Body>
DANAS_INLINE void for_panels(int count, Body&& body) {
  for (int first = 0; first < count;) {
    const int vectors = panel_vectors(count - first);
    if (vectors == 3) body(Constant<3>{}, first);
    else if (vectors == 2) body(Constant<2>{}, first);
    else body(Constant<1>{}, first);
    first += vectors;
  }
}

/// Row y of image i of a padded map, with the pixel of padding that it begins with.
DANAS_INLINE const float* row_of(const PaddedPlane& plane, Index i, Index y) {
  if (y < 0 || y >= plane.height) return plane.zeros;
  return plane.base + i * plane.image + (plane.rows < plane.height ? y % plane.rows : y) * plane.row;
}

DANAS_INLINE V relu6(V v) { return activate<Activation::relu6>(v); }

/// Adds the rows of a tile to the moments of one vector of channels.
template <int rows, int vectors, class Memory>
DANAS_INLINE void add_moments(const Moments& moments, bool first, const Memory& memory, Index c,
                              const V (&tile)[rows][vectors], int v) {
  V center;
  if (first) {
    center = tile[0][v];
#pragma GCC unroll 32
    for (int r = 1; r < rows; ++r) center = center + tile[r][v];
    center = center * all(1.0f / rows);
    memory.store(moments.center + c, center);
  } else {
    center = memory.load(moments.center + c);
  }
  V sum = memory.load(moments.sum + c), squares = memory.load(moments.squares + c);
#pragma GCC unroll 32
  for (int r = 0; r < rows; ++r) {
    const V difference = tile[r][v] - center;
    sum = sum + difference;
    squares = fma(difference, difference, squares);
  }
  memory.store(moments.sum + c, sum);
  memory.store(moments.squares + c, squares);
}

}  // namespace
}  // namespace danas::cpu::DANAS_SIMD
