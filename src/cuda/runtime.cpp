#include "cuda/runtime.hpp"

#include <string>

#include "base/error.hpp"

namespace danas::cuda {

namespace {

/// What to do about an error whose text does not say.
const char* advice(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation: return "; use a smaller batch or fewer lanes";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      return "; this build has no code for that GPU, see docs/gpu.md, or use --device cpu";
    default: return "";
  }
}

}  // namespace

std::string version_text(int version) {
  return "CUDA " + std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10);
}

std::string text_of(cudaError_t status) { return std::string(cudaGetErrorString(status)) + advice(status); }

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // the next call is not to report it again
  throw Error("cuda", std::string(what) + ": " + text_of(status), Fault::failure);
}

Stream make_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
  return Stream(stream);
}

Event make_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event");
  return Event(event);
}

DeviceMemory allocate_device(std::size_t bytes) {
  void* memory = nullptr;
  const std::string what = "allocating " + std::to_string(bytes) + " bytes on the GPU";
  check(cudaMalloc(&memory, bytes), what.c_str());
  return DeviceMemory(static_cast<std::byte*>(memory));
}

PinnedMemory allocate_pinned(std::size_t bytes) {
  void* memory = nullptr;
  const std::string what = "allocating " + std::to_string(bytes) + " bytes of pinned memory";
  check(cudaMallocHost(&memory, bytes), what.c_str());
  return PinnedMemory(static_cast<std::byte*>(memory));
}

}  // namespace danas::cuda
