// What a GPU can do at most, for danas bench.
#pragma once

#include "cuda/gpu.cuh"

namespace danas::cuda {

constexpr int peak_threads = 256, peak_chains = 8;

/// Fused multiply-adds in registers, in chains of which none waits for another. No shared memory; writes a number a thread.
static __global__ void __launch_bounds__(peak_threads) multiply_add_loop(int iterations, float* sink) {
  float chains[peak_chains];
  const float factor = 0.999F, term = 1e-3F * static_cast<float>(threadIdx.x);
  GPU_UNROLL
  for (int chain = 0; chain < peak_chains; ++chain) chains[chain] = static_cast<float>(chain);
  for (int i = 0; i < iterations; ++i) {
    GPU_UNROLL
    for (int chain = 0; chain < peak_chains; ++chain) chains[chain] = chains[chain] * factor + term;
  }
  float sum = 0;
  GPU_UNROLL
  for (int chain = 0; chain < peak_chains; ++chain) sum += chains[chain];
  sink[Index{blockIdx.x} * peak_threads + threadIdx.x] = sum;
}

/// y = a + 3·b, four numbers at a time; for for_each. Reads two arrays, writes one.
struct Triad {
  const float4 *a, *b;
  float4* y;

  __device__ void operator()(Index i) const {
    const float4 p = a[i], q = b[i];
    y[i] = {p.x + 3 * q.x, p.y + 3 * q.y, p.z + 3 * q.z, p.w + 3 * q.w};
  }
};

}  // namespace danas::cuda
