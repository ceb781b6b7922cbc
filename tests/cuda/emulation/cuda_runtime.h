// Stands in for the toolkit's header of the same name: the part of CUDA that src/cuda uses, done by the emulation. What
// is enqueued in a stream is done as late as CUDA may do it, when somebody waits for the stream or an event in it, or
// becomes part of the graph that the stream captures.
#pragma once

#include <atomic>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>

#include "machine.hpp"

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define threadIdx (::danas::emulation::place.thread)
#define blockIdx (::danas::emulation::place.block)
#define blockDim (::danas::emulation::place.block_size)
#define gridDim (::danas::emulation::place.grid_size)

// Numbers of other types are read and written as these.
struct alignas(16) [[gnu::may_alias]] float4 {
  float x, y, z, w;
};
struct alignas(8) [[gnu::may_alias]] uint2 {
  unsigned x, y;
};
struct alignas(16) [[gnu::may_alias]] uint4 {
  unsigned x, y, z, w;
};

inline void __syncthreads(unsigned line = __builtin_LINE()) { danas::emulation::barrier(line); }
inline void __syncwarp(unsigned line = __builtin_LINE()) { danas::emulation::meet_warp(line, nullptr, nullptr); }
inline int atomicExch(int* to, int number) { return std::atomic_ref(*to).exchange(number, std::memory_order_relaxed); }

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorUnsupportedPtxVersion = 222,
  cudaErrorIllegalAddress = 700,
  cudaErrorStreamCaptureUnsupported = 900
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal };
#define CUDART_VERSION 13000
constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2;

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  int major, minor, multiProcessorCount;
};

using cudaStream_t = struct CUstream_st*;
using cudaEvent_t = struct CUevent_st*;
using cudaGraph_t = struct CUgraph_st*;
using cudaGraphExec_t = struct CUgraphExec_st*;

cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaGetLastError();
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMallocHost(void** memory, std::size_t bytes);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* program, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t program, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t program);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);

namespace danas::emulation {

/// The call of the runtime that is the so-manieth from now fails with that error, once, or for good where the error is one
/// that CUDA does not recover from (an illegal address); 0: none. `function`: of those of that name ("cudaMalloc"; a launch
/// is "cudaLaunchKernel") alone. A process begins with what $EMULATED_FAILURE says: "FUNCTION NUMBER ERROR".
/// Its memory are $EMULATED_MEMORY bytes, as cudaMemGetInfo tells; 1 GiB without. Its compute capability is
/// $EMULATED_COMPUTE, "70"; 90 without.
void fail_call(int number, cudaError_t error, const std::string& function = "");
bool call_failed();  ///< whether it did since

/// Copies are done as early as CUDA may do them: at once, where nothing told to their stream is waiting.
void set_early_copies(bool early);

/// A launch, refused where it is beyond a GPU's limits.
void enqueue(cudaStream_t stream, const std::string& kernel, dim3 grid, dim3 block, std::function<void()> thread);

template <class... Parameters, class... Arguments>
void launch(const std::string& name, void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream,
            Arguments... arguments) {
  const std::tuple<std::decay_t<Parameters>...> values{arguments...};
  enqueue(stream, name, grid, block, [kernel, values] { std::apply(kernel, values); });
}

}  // namespace danas::emulation
