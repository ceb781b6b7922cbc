// Launches what a GPU can do at most, and waits with a clock.
#include "cuda/peak.cuh"

#include <algorithm>

#include "base/best_rate.hpp"
#include "cuda/cuda.hpp"
#include "cuda/launch.hpp"

namespace danas {

using namespace cuda;

namespace {

constexpr double shortest_run = 2e-3;  // seconds: launching and waiting are then a hundredth of it

cudaDeviceProp select(int device) {
  check(cudaSetDevice(device), "selecting the GPU");
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, device), "asking what the GPU is");
  return properties;
}

void wait(const Stream& stream) { check(cudaStreamSynchronize(stream.get()), "waiting for the GPU"); }

/// 10⁹ fused multiply-adds a second, as two operations each.
double peak_gflops(const cudaDeviceProp& properties, const Stream& stream, double seconds) {
  const auto blocks = static_cast<unsigned>(8 * properties.multiProcessorCount);
  const DeviceMemory sink = allocate_device(std::size_t{blocks} * peak_threads * sizeof(float));
  int iterations = 64;
  const auto run = [&] {
    launch("multiply-adds", multiply_add_loop, dim3(blocks), dim3(peak_threads), stream.get(), iterations,
           reinterpret_cast<float*>(sink.get()));
    wait(stream);
    return 2.0 * peak_chains * iterations * peak_threads * blocks;
  };
  run();  // what is loaded and woken at the first launch
  for (;; iterations *= 2) {
    const Stopwatch one;
    run();
    if (one.seconds() >= shortest_run) break;
  }
  return 1e-9 * best_rate(seconds, run);
}

/// 10⁹ bytes a second of three arrays that are far larger than the caches, within a 64th of the memory each.
double peak_gb_per_second(const cudaDeviceProp& properties, const Stream& stream, double seconds) {
  const std::size_t bytes = std::min(std::size_t{256} << 20, properties.totalGlobalMem / 64 / 256 * 256);
  const DeviceMemory a = allocate_device(bytes), b = allocate_device(bytes), y = allocate_device(bytes);
  for (const DeviceMemory* const each : {&a, &b})
    check(cudaMemsetAsync(each->get(), 0, bytes, stream.get()), "clearing memory");
  return 1e-9 * best_rate(seconds, [&] {
           launch_each("triad", static_cast<Index>(bytes / sizeof(float4)), stream.get(),
                       Triad{reinterpret_cast<const float4*>(a.get()), reinterpret_cast<const float4*>(b.get()),
                             reinterpret_cast<float4*>(y.get())});
           wait(stream);
           return 3.0 * static_cast<double>(bytes);
         });
}

}  // namespace

MachinePeak measure_cuda_peak(int device, double seconds) {
  const cudaDeviceProp properties = select(device);
  const Stream stream = make_stream();
  return {peak_gflops(properties, stream, seconds / 2), peak_gb_per_second(properties, stream, seconds / 2)};
}

}  // namespace danas
