// cuDNN, found when danas runs: nothing of it is linked.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cuda/cudnn.hpp"

namespace danas::cuda {

/// The functions of a library that was loaded, by their own names. It stays loaded until the process ends.
struct CudnnLibrary {
#define DANAS_CUDNN_FUNCTION(name) decltype(&::danas::cuda::name) name = nullptr;
  DANAS_CUDNN_FUNCTIONS(DANAS_CUDNN_FUNCTION)
#undef DANAS_CUDNN_FUNCTION

  /// The first of these that is there. Throws Error (Fault::failure) with the loader's words for each where none is, and
  /// where one lacks a function.
  explicit CudnnLibrary(const std::vector<std::string>& names);

  /// Throws Error (Fault::failure) unless the call went well.
  void check(cudnnStatus_t status, const char* what) const;
};

/// The newest of cuDNN 9 and 8 that the loader finds (LD_LIBRARY_PATH, the system's folders); looked for once. Throws as
/// the constructor does.
const CudnnLibrary& cudnn_library();

/// 8907 → "8.9.7", 91900 → "9.19.0".
std::string cudnn_version_text(std::size_t version);
/// Whether that version has kernels for a GPU of compute capability `major`.`minor`: from 9.11 on it takes 7.5.
bool cudnn_computes(std::size_t version, int major, int minor);

}  // namespace danas::cuda
