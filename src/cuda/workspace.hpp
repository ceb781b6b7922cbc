// Scratch memory of one operation, of a fixed size: operations cut their work so that it is enough.
#pragma once

#include <algorithm>
#include <cstddef>

#include "cuda/gpu.cuh"

namespace danas::cuda {

struct Workspace {
  std::byte* memory;
  std::size_t bytes;

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(memory);
  }
  /// How many times so many numbers fit, once at least.
  template <class T>
  Index fitting(Index count) const {
    return std::max<Index>(static_cast<Index>(bytes / sizeof(T)) / std::max<Index>(count, 1), 1);
  }
};

}  // namespace danas::cuda
