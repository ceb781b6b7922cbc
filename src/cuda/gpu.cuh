// What every kernel file includes: one source for nvcc and, in the tests, for a C++ compiler with an emulation of blocks
// and barriers (tests/cuda/emulation). Kernel files include nothing of the host's.
#pragma once

// The toolkit's, or the emulation's.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

/// Memory that the threads of a block share: GPU_SHARED(float, name, [8][32]).
#ifdef __CUDACC__
#define GPU_SHARED(type, name, extents) __shared__ __align__(32) type name extents
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

// An activation as kernels compute with it, and back: float, __half, __nv_bfloat16.
__device__ inline float number(float x) { return x; }
__device__ inline float number(__half x) { return __half2float(x); }
__device__ inline float number(__nv_bfloat16 x) { return __bfloat162float(x); }

template <class Element>
__device__ Element rounded(float x);
template <>
__device__ inline float rounded<float>(float x) {
  return x;
}
template <>
__device__ inline __half rounded<__half>(float x) {
  return __float2half_rn(x);
}
template <>
__device__ inline __nv_bfloat16 rounded<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

// std::conditional_t: kernel files include nothing of the host's.
template <bool condition, class Yes, class No>
struct Choice {
  using Type = Yes;
};
template <class Yes, class No>
struct Choice<false, Yes, No> {
  using Type = No;
};
template <bool condition, class Yes, class No>
using Choose = typename Choice<condition, Yes, No>::Type;

constexpr int each_threads = 256;  ///< of a block

/// Blocks of for_each that a multiprocessor has room for at least: four, with 64 registers a thread, as these bodies wait for
/// memory and threads beside them hide it. One that cannot do with so few says `resident_blocks`.
template <class Body>
constexpr int resident_blocks() {
  if constexpr (requires { Body::resident_blocks; }) return Body::resident_blocks;
  else return 4;
}

/// body(i) for every i below size; one thread does several where there are more than the grid has.
template <class Body>
__global__ void __launch_bounds__(each_threads, resident_blocks<Body>()) for_each(Body body, Index size) {
  const Index step = Index{gridDim.x} * blockDim.x;
  for (Index i = Index{blockIdx.x} * blockDim.x + threadIdx.x; i < size; i += step) body(i);
}

}  // namespace danas::cuda
