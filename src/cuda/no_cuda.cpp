// In the place of the backend in a build without CUDA.
#include "base/error.hpp"
#include "cuda/cuda.hpp"

namespace danas {

CudaDevices cuda_devices() { return {false, 0, "this build has no CUDA"}; }

bool cuda_computes(int, Type) { return false; }

CudnnFound find_cudnn(int) { return {"", cuda_devices().why_none}; }

std::unique_ptr<Backend> make_cuda_backend(int, Type, const CudaSettings&) {
  throw Error("cuda", cuda_devices().why_none, Fault::failure);
}

MachinePeak measure_cuda_peak(int, double) { throw Error("cuda", cuda_devices().why_none, Fault::failure); }

}  // namespace danas
