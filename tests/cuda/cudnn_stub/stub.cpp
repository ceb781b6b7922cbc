#include "stub.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <set>
#include <vector>

#include "../emulation/stream.hpp"
#include "cuda/cudnn.hpp"
#include "tensor/half.hpp"

namespace danas::cuda {

struct cudnnContext {
  CUstream_st* stream = nullptr;
};
struct cudnnTensorStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  int n = 0, c = 0, h = 0, w = 0;
};
struct cudnnFilterStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  int k = 0, c = 0, h = 0, w = 0;
};
struct cudnnConvolutionStruct {
  int pad_h = 0, pad_w = 0, stride_h = 0, stride_w = 0, groups = 1;
  cudnnMathType_t math = CUDNN_TENSOR_OP_MATH;
};

namespace {

constexpr cudnnStatus_t bad_parameter = 2000, not_supported = 3000, execution_failed = 5000;

std::size_t number_of(const char* variable, std::size_t without) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::stoull(text) : without;
}

std::mutex mutex;                                 // lanes are threads of their own
std::set<const cudnnConvolutionStruct*> started;  // descriptions that were worked by

struct Problem {
  cudnnTensorStruct x, y;
  cudnnFilterStruct w;
  cudnnConvolutionStruct of;

  bool valid() const {
    const bool types = x.type == w.type && x.type == y.type;
    const bool math = of.math == (x.type == CUDNN_DATA_FLOAT ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH);
    return types && math && x.c == w.c * of.groups && y.c == w.k && y.c % of.groups == 0 && y.n == x.n &&
           y.h == extent(x.h, of.pad_h, w.h, of.stride_h) && y.w == extent(x.w, of.pad_w, w.w, of.stride_w);
  }
  static int extent(int length, int pad, int kernel, int stride) { return (length + 2 * pad - kernel) / stride + 1; }

  std::size_t x_size() const { return size(x.n, x.h, x.w, x.c); }
  std::size_t y_size() const { return size(y.n, y.h, y.w, y.c); }
  std::size_t w_size() const { return size(w.k, w.h, w.w, w.c); }
  static std::size_t size(int a, int b, int c, int d) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c) *
           static_cast<std::size_t>(d);
  }
  static std::size_t place(int i, int j, int of_j, int k, int of_k, int l, int of_l) {
    const auto wide = [](int number) { return static_cast<std::size_t>(number); };
    return ((wide(i) * wide(of_j) + wide(j)) * wide(of_k) + wide(k)) * wide(of_l) + wide(l);
  }

  /// product(place in x, in w, in y) of every term.
  template <class Product>
  void every_term(const Product& product) const {
    for (int n = 0; n < y.n; ++n)
      for (int h = 0; h < y.h; ++h)
        for (int v = 0; v < y.w; ++v)
          for (int k = 0; k < y.c; ++k) every_term_of(n, h, v, k, product);
  }
  template <class Product>
  void every_term_of(int n, int h, int v, int k, const Product& product) const {
    const int first_channel = k / (y.c / of.groups) * w.c;
    for (int r = 0; r < w.h; ++r)
      for (int s = 0; s < w.w; ++s) {
        const int seen_h = h * of.stride_h - of.pad_h + r, seen_w = v * of.stride_w - of.pad_w + s;
        if (seen_h < 0 || seen_h >= x.h || seen_w < 0 || seen_w >= x.w) continue;
        for (int c = 0; c < w.c; ++c)
          product(place(n, seen_h, x.h, seen_w, x.w, first_channel + c, x.c), place(k, r, w.h, s, w.w, c, w.c),
                  place(n, h, y.h, v, y.w, k, y.c));
      }
  }
};

std::vector<double> read(cudnnDataType_t type, const void* from, std::size_t size) {
  std::vector<double> numbers(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (type == CUDNN_DATA_HALF) numbers[i] = static_cast<const Half*>(from)[i];
    else if (type == CUDNN_DATA_BFLOAT16) numbers[i] = static_cast<const Bfloat16*>(from)[i];
    else numbers[i] = static_cast<const float*>(from)[i];
  }
  return numbers;
}

void write(cudnnDataType_t type, const std::vector<double>& numbers, void* to) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (type == CUDNN_DATA_HALF) static_cast<Half*>(to)[i] = Half(numbers[i]);
    else if (type == CUDNN_DATA_BFLOAT16) static_cast<Bfloat16*>(to)[i] = Bfloat16(numbers[i]);
    else static_cast<float*>(to)[i] = static_cast<float>(numbers[i]);
  }
}

bool aligned(const void* memory) { return reinterpret_cast<std::uintptr_t>(memory) % 16 == 0; }

cudnnStatus_t wrong() {
  ++cudnn_stub()->wrong;
  return bad_parameter;
}

cudnnStatus_t needed(const Problem& problem, int algorithm, std::size_t* bytes) {
  if (cudnn_stub()->refuses) return not_supported;
  if (!problem.valid() || algorithm != 1) return wrong();
  *bytes = cudnn_stub()->bytes;
  return CUDNN_STATUS_SUCCESS;
}

struct Call {
  cudnnHandle_t handle;
  cudnnConvolutionDescriptor_t description;
  int algorithm;
  const void *alpha, *beta, *first, *second;
  void *result, *workspace;
  std::size_t bytes;
};

/// sum(x, w, y) adds to one of them, which is read as zeros and written.
template <class Sum>
cudnnStatus_t enqueue(const Call& call, const Problem& problem, int& calls, const Sum& sum) {
  const std::lock_guard lock(mutex);
  CudnnStub& stub = *cudnn_stub();
  if (stub.fails) return execution_failed;
  if (stub.refuses_late) return not_supported;
  if (!problem.valid() || call.algorithm != 1 || call.bytes < stub.bytes || call.workspace == nullptr ||
      *static_cast<const float*>(call.alpha) != 1 || *static_cast<const float*>(call.beta) != 0 ||
      !aligned(call.first) || !aligned(call.second) || !aligned(call.result) || !aligned(call.workspace))
    return wrong();
  ++calls;
  CUstream_st* const stream = call.handle->stream;
  if (started.insert(call.description).second && stream->capturing != nullptr) ++stub.first_within_graph;
  stream->enqueue([=] {
    std::memset(call.workspace, 0xff, call.bytes);
    sum();
  });
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

extern "C" {

std::size_t cudnnGetVersion() { return cudnn_stub()->version; }
const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case bad_parameter: return "CUDNN_STATUS_BAD_PARAM";
    case not_supported: return "CUDNN_STATUS_NOT_SUPPORTED";
    case execution_failed: return "CUDNN_STATUS_EXECUTION_FAILED";
    default: return "CUDNN_STATUS_NOT_INITIALIZED";
  }
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  if (cudnn_stub()->start == CUDNN_STATUS_SUCCESS) *handle = new cudnnContext;
  return cudnn_stub()->start;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, CUstream_st* stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor) {
  *tensor = new cudnnTensorStruct;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
  delete tensor;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  if (format != CUDNN_TENSOR_NHWC || n < 1 || c < 1 || h < 1 || w < 1) return bad_parameter;
  *tensor = {type, n, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter) {
  *filter = new cudnnFilterStruct;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter) {
  delete filter;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
  if (format != CUDNN_TENSOR_NHWC || k < 1 || c < 1 || h < 1 || w < 1) return bad_parameter;
  *filter = {type, k, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* convolution) {
  *convolution = new cudnnConvolutionStruct;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution) {
  const std::lock_guard lock(mutex);
  started.erase(convolution);
  delete convolution;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int pad_h, int pad_w,
                                              int stride_h, int stride_w, int dilation_h, int dilation_w,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t compute) {
  if (dilation_h != 1 || dilation_w != 1 || mode != CUDNN_CROSS_CORRELATION || compute != CUDNN_DATA_FLOAT)
    return bad_parameter;
  convolution->pad_h = pad_h;
  convolution->pad_w = pad_w;
  convolution->stride_h = stride_h;
  convolution->stride_w = stride_w;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution, int groups) {
  convolution->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution, cudnnMathType_t math) {
  convolution->math = math;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnGetConvolution2dForwardOutputDim(cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t x,
                                                    cudnnFilterDescriptor_t filter, int* n, int* c, int* h, int* w) {
  if (x->c != filter->c * convolution->groups) return bad_parameter;
  *n = x->n;
  *c = filter->k;
  *h = Problem::extent(x->h, convolution->pad_h, filter->h, convolution->stride_h);
  *w = Problem::extent(x->w, convolution->pad_w, filter->w, convolution->stride_w);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, cudnnTensorDescriptor_t x,
                                                      cudnnFilterDescriptor_t w,
                                                      cudnnConvolutionDescriptor_t convolution,
                                                      cudnnTensorDescriptor_t y, cudnnConvolutionFwdAlgo_t algorithm,
                                                      std::size_t* bytes) {
  return needed({*x, *y, *w, *convolution}, algorithm, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t convolution,
    cudnnTensorDescriptor_t dx, cudnnConvolutionBwdDataAlgo_t algorithm, std::size_t* bytes) {
  return needed({*dx, *dy, *w, *convolution}, algorithm, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t convolution,
    cudnnFilterDescriptor_t dw, cudnnConvolutionBwdFilterAlgo_t algorithm, std::size_t* bytes) {
  return needed({*x, *dy, *dw, *convolution}, algorithm, bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_of,
                                      const void* x, cudnnFilterDescriptor_t w_of, const void* w,
                                      cudnnConvolutionDescriptor_t convolution, cudnnConvolutionFwdAlgo_t algorithm,
                                      void* workspace, std::size_t bytes, const void* beta,
                                      cudnnTensorDescriptor_t y_of, void* y) {
  const Problem problem{*x_of, *y_of, *w_of, *convolution};
  return enqueue({handle, convolution, algorithm, alpha, beta, x, w, y, workspace, bytes}, problem,
                 cudnn_stub()->forward, [=] {
                   const std::vector<double> seen = read(problem.x.type, x, problem.x_size());
                   const std::vector<double> weights = read(problem.w.type, w, problem.w_size());
                   std::vector<double> sums(problem.y_size());
                   problem.every_term([&](std::size_t from, std::size_t weight, std::size_t to) {
                     sums[to] += seen[from] * weights[weight];
                   });
                   write(problem.y.type, sums, y);
                 });
}
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, cudnnFilterDescriptor_t w_of,
                                           const void* w, cudnnTensorDescriptor_t dy_of, const void* dy,
                                           cudnnConvolutionDescriptor_t convolution,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace, std::size_t bytes,
                                           const void* beta, cudnnTensorDescriptor_t dx_of, void* dx) {
  const Problem problem{*dx_of, *dy_of, *w_of, *convolution};
  return enqueue({handle, convolution, algorithm, alpha, beta, w, dy, dx, workspace, bytes}, problem,
                 cudnn_stub()->input, [=] {
                   const std::vector<double> weights = read(problem.w.type, w, problem.w_size());
                   const std::vector<double> gradients = read(problem.y.type, dy, problem.y_size());
                   std::vector<double> sums(problem.x_size());
                   problem.every_term([&](std::size_t to, std::size_t weight, std::size_t from) {
                     sums[to] += gradients[from] * weights[weight];
                   });
                   write(problem.x.type, sums, dx);
                 });
}
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_of,
                                             const void* x, cudnnTensorDescriptor_t dy_of, const void* dy,
                                             cudnnConvolutionDescriptor_t convolution,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace,
                                             std::size_t bytes, const void* beta, cudnnFilterDescriptor_t dw_of,
                                             void* dw) {
  const Problem problem{*x_of, *dy_of, *dw_of, *convolution};
  return enqueue({handle, convolution, algorithm, alpha, beta, x, dy, dw, workspace, bytes}, problem,
                 cudnn_stub()->filter, [=] {
                   const std::vector<double> seen = read(problem.x.type, x, problem.x_size());
                   const std::vector<double> gradients = read(problem.y.type, dy, problem.y_size());
                   std::vector<double> sums(problem.w_size());
                   problem.every_term([&](std::size_t from, std::size_t to, std::size_t gradient) {
                     sums[to] += seen[from] * gradients[gradient];
                   });
                   write(problem.w.type, sums, dw);
                 });
}

}  // extern "C"

}  // namespace danas::cuda

CudnnStub* cudnn_stub() {
  using danas::cuda::number_of;
  static CudnnStub stub{number_of("CUDNN_STUB_VERSION", 91900), static_cast<int>(number_of("CUDNN_STUB_START", 0))};
  return &stub;
}
