// What every kernel file includes: one source for nvcc and, in the tests, for a C++ compiler with an emulation of blocks
// and barriers (tests/cuda/emulation). Kernel files include nothing of the host's.
#pragma once

#include <cuda_runtime.h>  // the toolkit's, or the emulation's

/// Memory that the threads of a block share: GPU_SHARED(float, name, [8][32]).
#ifdef __CUDACC__
#define GPU_SHARED(type, name, extents) __shared__ __align__(16) type name extents
#define GPU_UNROLL _Pragma("unroll")
#define GPU_UNROLL_4 _Pragma("unroll 4")
#else
#define GPU_SHARED(type, name, extents)                                                                          \
  using name##_type = type extents;                                                                              \
  static name##_type& name = *static_cast<name##_type*>(::danas::emulation::shared_memory(sizeof(name##_type))); \
  static unsigned long name##_block;                                                                             \
  ::danas::emulation::begin_shared(&name, sizeof(name##_type), name##_block)
#define GPU_UNROLL
#define GPU_UNROLL_4
#endif

namespace danas::cuda {

using Index = long long;  ///< of elements in memory; counts of rows and channels are int

__host__ __device__ constexpr Index divided_up(Index a, Index b) { return (a + b - 1) / b; }

/// A filter's memory: element (tap, i, o) at tap·tap_stride + i·row_stride + o.
struct Weights {
  float* data;
  Index tap_stride, row_stride;

  __device__ float& at(int tap, int i, int o) const { return data[tap * tap_stride + i * row_stride + o]; }
};

constexpr int each_threads = 256, each_blocks = 4;  ///< of a block; blocks that a multiprocessor has room for at least

/// body(i) for every i below size; one thread does several where there are more than the grid has. At most 64 registers: these
/// bodies wait for memory, and threads beside them hide it.
template <class Body>
__global__ void __launch_bounds__(each_threads, each_blocks) for_each(Body body, Index size) {
  const Index step = Index{gridDim.x} * blockDim.x;
  for (Index i = Index{blockIdx.x} * blockDim.x + threadIdx.x; i < size; i += step) body(i);
}

}  // namespace danas::cuda
