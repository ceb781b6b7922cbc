// CUDA's runtime with C++'s ownership: every call checked, every handle freed by its destructor.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>
#include <string>

namespace danas::cuda {

/// CUDA's text, and what to do about it.
std::string text_of(cudaError_t status);

/// Throws Error (Fault::failure) with that text unless the call went well: "[cuda] allocating 64
/// bytes on the GPU: out of memory; use a smaller batch or fewer lanes".
void check(cudaError_t status, const char* what);

std::string version_text(int version);  ///< 12020 → "CUDA 12.2"

template <auto destroy>
struct Destroy {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    destroy(handle);
  }
};
using Stream = std::unique_ptr<CUstream_st, Destroy<cudaStreamDestroy>>;
using Event = std::unique_ptr<CUevent_st, Destroy<cudaEventDestroy>>;
using Graph = std::unique_ptr<CUgraph_st, Destroy<cudaGraphDestroy>>;
using GraphProgram = std::unique_ptr<CUgraphExec_st, Destroy<cudaGraphExecDestroy>>;
using DeviceMemory = std::unique_ptr<std::byte, Destroy<cudaFree>>;
using PinnedMemory = std::unique_ptr<std::byte, Destroy<cudaFreeHost>>;

// On the device that the calling thread has selected (cudaSetDevice).
Stream make_stream();
Event make_event();
DeviceMemory allocate_device(std::size_t bytes);
PinnedMemory allocate_pinned(std::size_t bytes);

}  // namespace danas::cuda
