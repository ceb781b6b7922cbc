// Starts the kernels of matrix products, for the launchers.
#pragma once

#include <algorithm>

#include "cuda/block_products.cuh"
#include "cuda/launch_parts.hpp"
#include "cuda/operands.hpp"
#include "cuda/product_f32.cuh"
#include "cuda/product_tensor.cuh"
#include "cuda/workspace.hpp"

namespace danas::cuda {

/// In 32 bits the width of tile that wastes least of its columns, of several the widest; in 16 bits, where arithmetic
/// costs less than memory, the widest, which reads the left factor least.
template <class Element>
int tile_width(int width) {
  if (width <= 16) return 16;
  if (sizeof(Element) < sizeof(float)) return width <= 32 ? 32 : 64;
  return divided_up(width, 64) * 64 <= divided_up(width, 32) * 32 ? 64 : 32;
}

template <class Element>
int tile_height(int width) {
  return sizeof(Element) < sizeof(float) ? tensor_height : 4096 / tile_width<Element>(width);
}

template <class Element, class Problem>
void launch_product(const char* name, const Problem& problem, int parts, cudaStream_t stream) {
  Index tall = tile_height<Element>(problem.width);
  if constexpr (Problem::summed) tall *= problem.tiles;
  const auto run = [&](auto tile) {
    using T = decltype(tile);
    const dim3 grid(static_cast<unsigned>(divided_up(problem.height, tall)),
                    static_cast<unsigned>(divided_up(problem.width, T::width)), static_cast<unsigned>(parts));
    if constexpr (sizeof(Element) < sizeof(float))
      launch(name, product_tensor<T::width, Element, Problem>, grid, dim3(tensor_threads), stream, problem);
    else launch(name, product_f32<T, Problem>, grid, dim3(product_threads), stream, problem);
  };
  if (problem.height == 0) return;
  switch (tile_width<Element>(problem.width)) {
    case 16: run(Tile<16>{}); break;
    case 32: run(Tile<32>{}); break;
    default: run(Tile<64>{});
  }
}

/// A product that leaves two sums of every column by block: how many blocks' parts there are.
template <class Element, class Problem>
int launch_summed_product(const char* name, Problem problem, const Workspace& workspace, cudaStream_t stream) {
  constexpr Index most_parts = 1024;
  const Index tiles = std::max<Index>(divided_up(problem.height, tile_height<Element>(problem.width)), 1);
  problem.tiles =
      static_cast<int>(divided_up(tiles, std::min(most_parts, workspace.fitting<double>(Index{2} * problem.width))));
  problem.parts = workspace.as<double>();
  launch_product<Element>(name, problem, 1, stream);
  return static_cast<int>(divided_up(tiles, problem.tiles));
}

/// dw = leftᵀ·right, over `depth` rows. Few channels and many rows: the rows are cut in parts so that there are blocks for
/// the whole device.
template <class Element, class Left, class Right>
void launch_filter_product(const char* name, const Left& left, const Right& right, int depth, const Filter& dw,
                           const Workspace& workspace, cudaStream_t stream) {
  constexpr Index least_rows = 1024, wanted_blocks = 512;
  const int height = static_cast<int>(dw.h * dw.w * dw.in), width = static_cast<int>(dw.out);
  const Index tiles = divided_up(height, 64) * divided_up(width, 64);
  const Index wanted = std::min(divided_up(depth, least_rows), divided_up(wanted_blocks, tiles));
  const Index fitting = workspace.fitting<float>(dw.size());
  const int part = static_cast<int>(
      divided_up(divided_up(depth, std::max<Index>(std::min(wanted, fitting), 1)), tensor_depth) * tensor_depth);
  const int parts = static_cast<int>(divided_up(depth, part));
  FilterProduct<Element, Left, Right> problem{left, right, weights_of<float>(dw), 0, height, width, depth, part};
  if (parts == 1) return launch_product<Element>(name, problem, 1, stream);
  problem.dw = weights_of<float>(dense_filter(Type::f32, workspace.memory, dw.h, dw.w, dw.in, dw.out));
  problem.part_stride = dw.size();
  launch_product<Element>(name, problem, parts, stream);
  launch_totals(name, dw.size(), parts, stream,
                SumOfParts{workspace.as<float>(), weights_of<float>(dw), dw.size(), static_cast<int>(dw.in), width});
}

}  // namespace danas::cuda
