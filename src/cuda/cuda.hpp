// The CUDA backend as the program sees it. A build without CUDA has the same functions, which say so.
#pragma once

#include <memory>
#include <string>

#include "cuda/kernel_choice.hpp"
#include "tensor/backend.hpp"
#include "tensor/cpu/peak.hpp"

namespace danas {

/// What this build can use on this machine: so many GPUs, or none and why.
struct CudaDevices {
  bool built = false;  ///< whether this build has CUDA at all
  int count = 0;
  std::string why_none;  ///< "this build has no CUDA", "no NVIDIA driver is installed", …
};
CudaDevices cuda_devices();

/// Whether GPU number `device` computes on such activations: bf16 takes sm_80 or later.
bool cuda_computes(int device, Type activations);

/// The cuDNN that GPU number `device` can use: "9.19.0"; or none, "", and why.
struct CudnnFound {
  std::string version, why_none;
};
CudnnFound find_cudnn(int device);

struct CudaSettings {
  bool graphs = true;  ///< programs are graphs, or calls like others: `danas bench` measures what graphs save
  Kernels kernels = Kernels::own;
  std::shared_ptr<KernelChoices> choices = nullptr;  ///< of the kernels `best`; none: of this backend and its lanes
};

/// A queue of work on GPU number `device`, activations in f32, f16 or bf16. Memory belongs to the device. Throws Error
/// (Fault::failure) where there is no such GPU, none that this build has code for, for bf16 one before sm_80, and for
/// kernels of cuDNN where there is none.
std::unique_ptr<Backend> make_cuda_backend(int device, Type activations = Type::f32, const CudaSettings& settings = {});

/// The limits of GPU number `device`, in about so many seconds.
MachinePeak measure_cuda_peak(int device, double seconds);

}  // namespace danas
