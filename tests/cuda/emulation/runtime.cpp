// The runtime's functions: device memory is the host's, filled with NaN so that nobody relies on zeros, between guards.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <sstream>
#include <utility>
#include <vector>

#include "cuda_runtime.h"
#include "launch_log.hpp"
#include "stream.hpp"

namespace {

thread_local cudaError_t last_error = cudaSuccess;
std::atomic<bool> early_copies = false;

/// Lanes call from threads of their own.
struct Plan {
  std::mutex mutex;
  std::string function;
  int calls_until_failure = 0;
  bool failed = false;
  cudaError_t error = cudaSuccess;

  Plan() {
    if (const char* const text = std::getenv("EMULATED_FAILURE")) {
      int number = 0;
      std::istringstream(text) >> function >> calls_until_failure >> number;
      error = static_cast<cudaError_t>(number);
    }
  }
};
Plan plan;

bool recovers(cudaError_t error) {
  return error < cudaErrorIllegalAddress || error >= cudaErrorStreamCaptureUnsupported;
}

cudaError_t planned(const char* function = __builtin_FUNCTION()) {
  const std::lock_guard lock(plan.mutex);
  if (plan.calls_until_failure == 0) return cudaSuccess;
  const bool failed_before = plan.calls_until_failure < 0;
  if (failed_before) return plan.error;
  if (!plan.function.empty() && plan.function != function) return cudaSuccess;
  if (--plan.calls_until_failure > 0) return cudaSuccess;
  plan.failed = true;
  if (!recovers(plan.error)) plan.calls_until_failure = -1;
  return plan.error;
}

// Between guards of NaN: what a kernel reads beyond its memory is no number, what it writes there ends the program when the
// memory is freed. The address sanitizer sees both at once, where memory has its own size.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t guard = 0;
#else
constexpr std::size_t guard = 256;
#endif
constexpr int no_number = 0xff;

std::mutex sizes_mutex;
std::map<void*, std::size_t> sizes;  // of what is allocated

cudaError_t allocate(void** memory, std::size_t bytes, const char* function = __builtin_FUNCTION()) {
  if (const cudaError_t error = planned(function)) return error;
  if ((*memory = danas::emulation::watched_memory(bytes)) != nullptr) {
    std::memset(*memory, no_number, bytes);
    return cudaSuccess;
  }
  void* whole = nullptr;
  if (::posix_memalign(&whole, 256, bytes + 2 * guard + (bytes == 0)) != 0) return cudaErrorMemoryAllocation;
  std::memset(whole, no_number, bytes + 2 * guard);
  *memory = static_cast<unsigned char*>(whole) + guard;
  const std::lock_guard lock(sizes_mutex);
  sizes[*memory] = bytes;
  return cudaSuccess;
}

void release(void* memory) {
  if (memory == nullptr) return;
  std::size_t bytes = 0;
  {
    const std::lock_guard lock(sizes_mutex);
    bytes = sizes.extract(memory).mapped();
  }
  auto* const whole = static_cast<unsigned char*>(memory) - guard;
  const auto untouched = [](unsigned char byte) { return byte == no_number; };
  if (!std::all_of(whole, whole + guard, untouched) ||
      !std::all_of(whole + guard + bytes, whole + 2 * guard + bytes, untouched)) {
    std::fprintf(stderr, "emulation: memory beyond an allocation of %zu bytes was written\n", bytes);
    std::abort();
  }
  std::free(whole);
}

cudaError_t give(cudaStream_t stream, std::function<void()> work, const char* function = __builtin_FUNCTION()) {
  if (const cudaError_t error = planned(function)) return error;
  stream->enqueue(std::move(work));
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
  const cudaError_t error = planned();
  *count = error == cudaSuccess ? 1 : 0;
  return error;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = plan.error == cudaErrorInsufficientDriver ? 12020 : 13000;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device == 0 ? planned() : cudaErrorInvalidDevice; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  const char* const compute = std::getenv("EMULATED_COMPUTE");
  const int number = compute != nullptr ? std::stoi(compute) : 90;
  *properties = {"emulation", std::size_t{1} << 28, number / 10, number % 10, 1};
  return planned();
}
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoKernelImageForDevice: return "no kernel image is available for execution on the device";
    case cudaErrorUnsupportedPtxVersion: return "the provided PTX was compiled with an unsupported toolchain.";
    case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
  }
  return "unrecognized error code";
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const char* const memory = std::getenv("EMULATED_MEMORY");
  *free = *total = memory != nullptr ? std::stoull(memory) : std::size_t{1} << 30;
  return planned();
}
cudaError_t cudaMalloc(void** memory, std::size_t bytes) { return allocate(memory, bytes); }
cudaError_t cudaFree(void* memory) {
  if (!danas::emulation::free_watched(memory)) release(memory);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) { return allocate(memory, bytes); }
cudaError_t cudaFreeHost(void* memory) { return cudaFree(memory); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  const bool at_once = early_copies && stream->idle();
  const cudaError_t error = give(stream, [=] { std::memcpy(to, from, bytes); });
  if (error == cudaSuccess && at_once) stream->finish();
  return error;
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  return give(stream, [=] { std::memset(memory, value, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (const cudaError_t error = planned()) return error;
  *stream = new CUstream_st;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  stream->finish();
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream->capturing != nullptr) return cudaErrorStreamCaptureUnsupported;
  stream->finish();
  return planned();
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (const cudaError_t error = planned()) return error;
  stream->capturing = new CUgraph_st;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = std::exchange(stream->capturing, nullptr);
  return planned();
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* program, cudaGraph_t graph, unsigned long long) {
  if (const cudaError_t error = planned()) return error;
  *program = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t program, cudaStream_t stream) {
  return give(stream, [program] {
    for (const auto& each : program->work) each();
  });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t program) {
  delete program;
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const cudaError_t error = planned()) return error;
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (stream->capturing != nullptr) return cudaErrorStreamCaptureUnsupported;
  *event = {stream->queue, stream->queue->told()};
  return planned();
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  event->finish();
  return planned();
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (stream->capturing != nullptr) return cudaErrorStreamCaptureUnsupported;
  if (event->reached()) return planned();
  return give(stream, [recorded = *event] { recorded.finish(); });
}

namespace danas::emulation {

void fail_call(int number, cudaError_t error, const std::string& function) {
  const std::lock_guard lock(plan.mutex);
  plan.calls_until_failure = number;
  plan.failed = false;
  plan.error = error;
  plan.function = function;
}

bool call_failed() {
  const std::lock_guard lock(plan.mutex);
  return plan.failed;
}

void set_early_copies(bool early) { early_copies = early; }

void enqueue(cudaStream_t stream, const std::string& kernel, dim3 grid, dim3 block, std::function<void()> thread) {
  if (!within_limits(grid, block)) last_error = cudaErrorInvalidConfiguration;
  else
    last_error = give(
        stream, [=, thread = std::move(thread)] { run(kernel, grid, block, thread); }, "cudaLaunchKernel");
}

}  // namespace danas::emulation
