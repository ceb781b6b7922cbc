// Starts kernels: for the launchers alone, which nvcc compiles, or a C++ compiler with the emulation.
#pragma once

#include <algorithm>

#include "cuda/gpu.cuh"
#include "cuda/runtime.hpp"

namespace danas::cuda {

/// Enqueues a kernel; throws Error where CUDA refuses it. What it does wrong later is reported by a later call.
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream,
            Arguments... arguments) {
#ifdef __CUDACC__
  kernel<<<grid, block, 0, stream>>>(arguments...);
#else
  emulation::launch(name, kernel, grid, block, stream, arguments...);
#endif
  check(cudaGetLastError(), name);
}

/// body(i) for every i below size, in as many blocks as there are elements or a large GPU keeps busy.
template <class Body>
void launch_each(const char* name, Index size, cudaStream_t stream, const Body& body) {
  constexpr Index most_blocks = 8192;
  if (size == 0) return;
  const auto blocks = static_cast<unsigned>(std::min(divided_up(size, each_threads), most_blocks));
  launch(name, for_each<Body>, dim3(blocks), dim3(each_threads), stream, body, size);
}

}  // namespace danas::cuda
