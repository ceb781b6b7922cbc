// Starts the kernel that adds parts, for the launchers.
#pragma once

#include "cuda/launch.hpp"
#include "cuda/parts.cuh"

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

}  // namespace danas::cuda
