// The CUDA backend as the program sees it. A build without CUDA has the same functions, which say so.
#pragma once

#include <memory>
#include <string>

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

/// A queue of work on GPU number `device`, in float32. Memory belongs to the device. Throws Error (Fault::failure) where
/// there is no such GPU or none that this build has code for. Its programs are graphs, or calls like others: `danas bench`
/// measures what graphs save.
std::unique_ptr<Backend> make_cuda_backend(int device, bool graphs = true);

/// The limits of GPU number `device`, in about so many seconds.
MachinePeak measure_cuda_peak(int device, double seconds);

}  // namespace danas
