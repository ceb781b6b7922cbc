#include "cuda/cudnn_convolution.hpp"

#include <initializer_list>

#include "cuda/cuda_backend.hpp"

namespace danas::cuda {

namespace {

cudnnDataType_t cudnn_type(Type type) {
  switch (type) {
    case Type::f16: return CUDNN_DATA_HALF;
    case Type::bf16: return CUDNN_DATA_BFLOAT16;
    default: return CUDNN_DATA_FLOAT;
  }
}

}  // namespace

CudnnShape::CudnnShape(Pass pass_, bool depthwise_, bool finished_, const View& x, const Filter& filter,
                       const Geometry& geometry, const View& y)
    : pass(pass_), depthwise(depthwise_), finished(finished_), type(x.type) {
  const auto number = [](std::int64_t value) { return count_of("cuDNN", value); };
  n = number(x.n), h = number(x.h), w = number(x.w), in = number(x.c);
  out_h = number(y.h), out_w = number(y.w), out = number(y.c);
  kernel_h = number(filter.h), kernel_w = number(filter.w);
  stride = geometry.stride;
  top = number(padding_before(x.h, filter.h, geometry)), left = number(padding_before(x.w, filter.w, geometry));
}

std::string CudnnShape::text() const {
  constexpr const char* passes[]{"", "_backward_input", "_backward_filter"};
  const auto extents = [](std::initializer_list<int> numbers) {
    std::string text;
    for (const int number : numbers) {
      if (!text.empty()) text += 'x';
      text += std::to_string(number);
    }
    return text;
  };
  return std::string(depthwise ? "depthwise" : "convolution") + passes[static_cast<int>(pass)] + ' ' + name_of(type) +
         ' ' + extents({n, h, w, in}) + ' ' + extents({kernel_h, kernel_w}) + " stride " + std::to_string(stride) +
         " padding " + extents({top, left}) + " to " + extents({out_h, out_w, out}) + (finished ? " finished" : "");
}

std::size_t CudnnShape::filter_bytes() const {
  return static_cast<std::size_t>(kernel_h) * static_cast<std::size_t>(kernel_w) *
         static_cast<std::size_t>(depthwise ? 1 : in) * static_cast<std::size_t>(out) * bytes_of(type);
}

CudnnQueue::CudnnQueue(const CudnnLibrary& library, CUstream_st* stream) : library_(library) {
  library.check(library.cudnnCreate(&handle_), "starting");
  const cudnnStatus_t status = library.cudnnSetStream(handle_, stream);
  if (status != CUDNN_STATUS_SUCCESS) library.cudnnDestroy(handle_);
  library.check(status, "choosing a stream");
}

// Whole before anything is created: what fails after that is destroyed.
CudnnConvolution::CudnnConvolution(CudnnQueue& queue, const CudnnShape& shape) : CudnnConvolution(queue, shape.pass) {
  const CudnnLibrary& cudnn = queue.library();
  const cudnnDataType_t type = cudnn_type(shape.type);
  const auto check = [&](cudnnStatus_t status) { cudnn.check(status, "describing a convolution"); };
  check(cudnn.cudnnCreateTensorDescriptor(&x_));
  check(cudnn.cudnnCreateTensorDescriptor(&y_));
  check(cudnn.cudnnCreateFilterDescriptor(&w_));
  check(cudnn.cudnnCreateConvolutionDescriptor(&convolution_));
  check(cudnn.cudnnSetTensor4dDescriptor(x_, CUDNN_TENSOR_NHWC, type, shape.n, shape.in, shape.h, shape.w));
  check(cudnn.cudnnSetTensor4dDescriptor(y_, CUDNN_TENSOR_NHWC, type, shape.n, shape.out, shape.out_h, shape.out_w));
  check(cudnn.cudnnSetFilter4dDescriptor(w_, type, CUDNN_TENSOR_NHWC, shape.out, shape.depthwise ? 1 : shape.in,
                                         shape.kernel_h, shape.kernel_w));
  check(cudnn.cudnnSetConvolution2dDescriptor(convolution_, shape.top, shape.left, shape.stride, shape.stride, 1, 1,
                                              CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
  check(cudnn.cudnnSetConvolutionGroupCount(convolution_, shape.depthwise ? shape.in : 1));
  // The kernels of danas compute f32 as f32.
  check(
      cudnn.cudnnSetConvolutionMathType(convolution_, shape.type == Type::f32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH));
}

CudnnConvolution::~CudnnConvolution() {
  const CudnnLibrary& cudnn = queue_.library();
  cudnn.cudnnDestroyConvolutionDescriptor(convolution_);
  cudnn.cudnnDestroyFilterDescriptor(w_);
  cudnn.cudnnDestroyTensorDescriptor(y_);
  cudnn.cudnnDestroyTensorDescriptor(x_);
}

// Windows that begin alike and are as many lie alike.
bool CudnnConvolution::same_extents(const CudnnShape& shape) const {
  int n = 0, c = 0, h = 0, w = 0;
  return queue_.library().cudnnGetConvolution2dForwardOutputDim(convolution_, x_, w_, &n, &c, &h, &w) ==
             CUDNN_STATUS_SUCCESS &&
         n == shape.n && c == shape.out && h == shape.out_h && w == shape.out_w;
}

std::optional<std::size_t> CudnnConvolution::needed_bytes() const {
  const CudnnLibrary& cudnn = queue_.library();
  std::size_t bytes = 0;
  const auto ask = [&] {
    switch (pass_) {
      case Pass::forward:
        return cudnn.cudnnGetConvolutionForwardWorkspaceSize(queue_.handle(), x_, w_, convolution_, y_,
                                                             CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, &bytes);
      case Pass::input:
        return cudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(queue_.handle(), w_, y_, convolution_, x_,
                                                                  CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, &bytes);
      case Pass::filter: break;
    }
    return cudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(queue_.handle(), x_, y_, convolution_, w_,
                                                                CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, &bytes);
  };
  return ask() == CUDNN_STATUS_SUCCESS ? std::optional(bytes) : std::nullopt;
}

std::unique_ptr<CudnnConvolution> CudnnConvolution::plan(CudnnQueue& queue, const CudnnShape& shape,
                                                         std::size_t most_bytes) {
  std::unique_ptr<CudnnConvolution> made(new CudnnConvolution(queue, shape));
  if (!made->same_extents(shape)) return nullptr;
  const std::optional<std::size_t> bytes = made->needed_bytes();
  if (!bytes || *bytes > most_bytes) return nullptr;
  made->bytes_ = *bytes;
  return made;
}

bool CudnnConvolution::run(const void* first, const void* second, void* result, void* workspace) const {
  const CudnnLibrary& cudnn = queue_.library();
  constexpr float whole = 1, nothing = 0;
  const auto tell = [&] {
    switch (pass_) {
      case Pass::forward:
        return cudnn.cudnnConvolutionForward(queue_.handle(), &whole, x_, first, w_, second, convolution_,
                                             CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, workspace, bytes_,
                                             &nothing, y_, result);
      case Pass::input:
        return cudnn.cudnnConvolutionBackwardData(queue_.handle(), &whole, w_, first, y_, second, convolution_,
                                                  CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, workspace, bytes_, &nothing, x_,
                                                  result);
      case Pass::filter: break;
    }
    return cudnn.cudnnConvolutionBackwardFilter(queue_.handle(), &whole, x_, first, y_, second, convolution_,
                                                CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, workspace, bytes_, &nothing, w_,
                                                result);
  };
  const cudnnStatus_t status = tell();
  if (refused(status)) return false;
  cudnn.check(status, "a convolution");
  return true;
}

}  // namespace danas::cuda
