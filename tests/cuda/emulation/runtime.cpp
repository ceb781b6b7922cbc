// The runtime's functions: device memory is the host's, filled with NaN so that nobody relies on zeros.
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "cuda_runtime.h"
#include "launch_log.hpp"

using Work = std::vector<std::function<void()>>;

struct CUgraph_st {
  Work work;
};
struct CUgraphExec_st {
  Work work;
};
struct CUstream_st {
  Work waiting;
  CUgraph_st* capturing = nullptr;

  void finish() {
    for (const auto& each : std::exchange(waiting, {})) each();
  }
};
struct CUevent_st {
  cudaStream_t stream = nullptr;
};

namespace {

thread_local cudaError_t last_error = cudaSuccess;
cudaError_t planned_error = cudaSuccess;
int calls_until_failure = 0;

cudaError_t planned() {
  if (calls_until_failure == 0 || --calls_until_failure > 0) return cudaSuccess;
  return planned_error;
}

cudaError_t allocate(void** memory, std::size_t bytes) {
  if (const cudaError_t error = planned()) return error;
  *memory = danas::emulation::watched_memory(bytes);
  if (*memory == nullptr && ::posix_memalign(memory, 256, bytes + (bytes == 0)) != 0) return cudaErrorMemoryAllocation;
  std::memset(*memory, 0xff, bytes);
  return cudaSuccess;
}

cudaError_t give(cudaStream_t stream, std::function<void()> work) {
  if (const cudaError_t error = planned()) return error;
  (stream->capturing != nullptr ? stream->capturing->work : stream->waiting).push_back(std::move(work));
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return planned();
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device == 0 ? planned() : cudaErrorInvalidDevice; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {"emulation", 9, 0};
  return planned();
}
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
  }
  return "unrecognized error code";
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) { return allocate(memory, bytes); }
cudaError_t cudaFree(void* memory) {
  if (!danas::emulation::free_watched(memory)) std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) { return allocate(memory, bytes); }
cudaError_t cudaFreeHost(void* memory) { return cudaFree(memory); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  return give(stream, [=] { std::memcpy(to, from, bytes); });
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
  event->stream = stream;
  return planned();
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->stream != nullptr) event->stream->finish();
  return planned();
}

namespace danas::emulation {

void fail_call(int number, cudaError_t error) {
  calls_until_failure = number;
  planned_error = error;
}

void enqueue(cudaStream_t stream, const std::string& kernel, dim3 grid, dim3 block, std::function<void()> thread) {
  if (!within_limits(grid, block)) last_error = cudaErrorInvalidConfiguration;
  else last_error = give(stream, [=, thread = std::move(thread)] { run(kernel, grid, block, thread); });
}

}  // namespace danas::emulation
