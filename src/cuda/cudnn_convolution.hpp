// A convolution or a gradient of one, of a fixed shape, by cuDNN.
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "cuda/cudnn_library.hpp"
#include "tensor/backend.hpp"

namespace danas::cuda {

enum class Pass { forward, input, filter };  ///< y; the gradients by x and by the filter

/// What of a convolution decides who computes it.
struct CudnnShape {
  Pass pass;
  bool depthwise, finished;  ///< whether it ends with a bias or an activation
  Type type;
  int n, h, w, in, out_h, out_w, out, kernel_h, kernel_w, stride, top, left;

  CudnnShape(Pass pass, bool depthwise, bool finished, const View& x, const Filter& w, const Geometry& geometry,
             const View& y);
  auto operator<=>(const CudnnShape&) const = default;

  /// "depthwise_backward_input f32 16x56x56x96 3x3 stride 2 valid 27x27"
  std::string text() const;
  std::size_t filter_bytes() const;
};

/// Who works in which stream.
class CudnnQueue {
 public:
  /// Of the device that the calling thread has selected. Throws Error (Fault::failure) where cuDNN does not start.
  CudnnQueue(const CudnnLibrary& library, CUstream_st* stream);
  ~CudnnQueue() { library_.cudnnDestroy(handle_); }
  CudnnQueue(const CudnnQueue&) = delete;
  CudnnQueue& operator=(const CudnnQueue&) = delete;

  const CudnnLibrary& library() const { return library_; }
  cudnnHandle_t handle() const { return handle_; }

 private:
  const CudnnLibrary& library_;
  cudnnHandle_t handle_ = nullptr;
};

/// A shape that cuDNN does, by a fixed algorithm: the same bits at every run.
class CudnnConvolution {
 public:
  /// None where cuDNN cannot do it, or not in so many bytes of scratch memory: it pads both ends of an axis alike, where
  /// Padding::same with a stride may pad one end more.
  static std::unique_ptr<CudnnConvolution> plan(CudnnQueue& queue, const CudnnShape& shape, std::size_t most_bytes);
  ~CudnnConvolution();
  CudnnConvolution(const CudnnConvolution&) = delete;
  CudnnConvolution& operator=(const CudnnConvolution&) = delete;

  /// Enqueues x, w → y; w, dy → dx; x, dy → dw, as the pass says; filters as cuDNN has them (filter_layout.cuh). False
  /// where cuDNN refuses after all; throws Error (Fault::failure) where it fails.
  bool run(const void* first, const void* second, void* result, void* workspace) const;

 private:
  CudnnConvolution(CudnnQueue& queue, Pass pass) : queue_(queue), pass_(pass) {}
  CudnnConvolution(CudnnQueue& queue, const CudnnShape& shape);
  bool same_extents(const CudnnShape& shape) const;
  std::optional<std::size_t> needed_bytes() const;

  CudnnQueue& queue_;
  Pass pass_;
  std::size_t bytes_ = 0;
  cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr;
  cudnnFilterDescriptor_t w_ = nullptr;
  cudnnConvolutionDescriptor_t convolution_ = nullptr;
};

}  // namespace danas::cuda
