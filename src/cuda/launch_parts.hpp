// Starts the kernel that adds parts, for the launchers.
#pragma once

#include "cuda/channel_sums.cuh"
#include "cuda/launch.hpp"
#include "cuda/operands.hpp"
#include "cuda/parts.cuh"
#include "cuda/workspace.hpp"

namespace danas::cuda {

/// A thread adds four parts one after another, or more where there are more than 256 of them.
template <class Terms>
void launch_totals(const char* name, Index size, int parts, cudaStream_t stream, const Terms& terms) {
  constexpr int parts_of_thread = 4;
  int lanes = 1;
  while (lanes < most_lanes && lanes * parts_of_thread < parts) lanes *= 2;
  const auto blocks = static_cast<unsigned>(divided_up(size * lanes, total_threads));
  launch(name, totals_of_parts<Terms>, dim3(blocks), dim3(total_threads), stream, terms, size, parts, lanes);
}

/// Vectors of channels to a block of 256 threads that sums rows: a power of two, at most `most`.
inline int columns_of_block(int columns, int most = 32) {
  int block = 1;
  while (block < columns && block < most) block *= 2;
  return block;
}

/// Parts of terms' sums over the rows of `of`: how many there are.
template <class Element, class Terms>
int launch_channel_parts(const char* name, const View& of, const Terms& terms, const Workspace& workspace,
                         cudaStream_t stream) {
  constexpr Index least_rows = 256, most_parts = 512;
  const int rows = static_cast<int>(of.rows()), channels = static_cast<int>(of.c);
  const Index fitting = workspace.fitting<double>(Terms::count * of.c);
  const Index wanted = std::max<Index>(std::min({divided_up(rows, least_rows), most_parts, fitting}), 1);
  const int part = static_cast<int>(divided_up(std::max(rows, 1), wanted));
  const int parts = static_cast<int>(divided_up(std::max(rows, 1), part));
  const int columns = columns_of<Element>(of), block = columns_of_block(columns);
  const dim3 grid(static_cast<unsigned>(parts), static_cast<unsigned>(divided_up(columns, block)));
  launch(name, channel_parts<Terms>, grid, dim3(sum_threads), stream, terms, rows, channels, part, block,
         workspace.as<double>());
  return parts;
}

}  // namespace danas::cuda
