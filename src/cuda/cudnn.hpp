// What danas uses of cuDNN: functions, types and values as NVIDIA's documentation of cuDNN 8 and 9 has them, which is the
// same in both (cudnn_ops, cudnn_cnn; checked against 8.9.7 and 9.19). danas is built without cuDNN's headers, and looks
// for the library when it is asked for its kernels (cudnn_library.hpp).
#pragma once

#include <cstddef>

struct CUstream_st;

namespace danas::cuda {

/// 0 is success; what the others are, cudnnGetErrorString() says.
using cudnnStatus_t = int;
constexpr cudnnStatus_t CUDNN_STATUS_SUCCESS = 0;
/// Whether this is how cuDNN refuses a shape: CUDNN_STATUS_NOT_SUPPORTED, 9 of cuDNN 8; of cuDNN 9 all from 3000 on.
constexpr bool refused(cudnnStatus_t status) { return status == 9 || status / 1000 == 3; }

enum cudnnDataType_t { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_HALF = 2, CUDNN_DATA_BFLOAT16 = 9 };
/// Of a tensor n, h, w, c from the outermost on; of a filter k, h, w, c. Dense.
enum cudnnTensorFormat_t { CUDNN_TENSOR_NHWC = 1 };
/// What machine learning calls a convolution: the filter is not mirrored.
enum cudnnConvolutionMode_t { CUDNN_CROSS_CORRELATION = 1 };
/// Tensor cores on what is given; or multiply-adds of f32 alone, where the default may round to TF32.
enum cudnnMathType_t { CUDNN_TENSOR_OP_MATH = 1, CUDNN_FMA_MATH = 3 };

// The algorithms by number 1: implicit matrix products, which take groups and NHWC and give the same bits at every run
// (number 0 of the gradients adds atomically).
enum cudnnConvolutionFwdAlgo_t { CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM = 1 };
enum cudnnConvolutionBwdDataAlgo_t { CUDNN_CONVOLUTION_BWD_DATA_ALGO_1 = 1 };
enum cudnnConvolutionBwdFilterAlgo_t { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 = 1 };

using cudnnHandle_t = struct cudnnContext*;
using cudnnTensorDescriptor_t = struct cudnnTensorStruct*;
using cudnnFilterDescriptor_t = struct cudnnFilterStruct*;
using cudnnConvolutionDescriptor_t = struct cudnnConvolutionStruct*;

extern "C" {

/// 8907 is 8.9.7; 91900 is 9.19.0.
std::size_t cudnnGetVersion();
const char* cudnnGetErrorString(cudnnStatus_t status);

/// Of the device that the calling thread has selected.
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle);
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle);
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, CUstream_st* stream);

// Descriptors need neither handle nor GPU.
cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor);
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor);
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w);
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter);
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter);
/// k output channels; c input channels of a group.
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w);
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* convolution);
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution);
/// The same padding at both ends of an axis. Sums are of `compute`.
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int pad_h, int pad_w,
                                              int stride_h, int stride_w, int dilation_h, int dilation_w,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t compute);
/// As many groups as channels: a depthwise convolution.
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution, int groups);
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution, cudnnMathType_t math);
cudnnStatus_t cudnnGetConvolution2dForwardOutputDim(cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t x,
                                                    cudnnFilterDescriptor_t w, int* n, int* c, int* h, int* w_out);

// How many bytes of scratch memory a convolution takes; or that it cannot be done.
cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                      cudnnFilterDescriptor_t w,
                                                      cudnnConvolutionDescriptor_t convolution,
                                                      cudnnTensorDescriptor_t y, cudnnConvolutionFwdAlgo_t algorithm,
                                                      std::size_t* bytes);
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, cudnnFilterDescriptor_t w,
                                                           cudnnTensorDescriptor_t dy,
                                                           cudnnConvolutionDescriptor_t convolution,
                                                           cudnnTensorDescriptor_t dx,
                                                           cudnnConvolutionBwdDataAlgo_t algorithm, std::size_t* bytes);
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                             cudnnTensorDescriptor_t dy,
                                                             cudnnConvolutionDescriptor_t convolution,
                                                             cudnnFilterDescriptor_t dw,
                                                             cudnnConvolutionBwdFilterAlgo_t algorithm,
                                                             std::size_t* bytes);

// result = alpha·(what the function says) + beta·result; alpha and beta are f32, in the host's memory.
cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_of,
                                      const void* x, cudnnFilterDescriptor_t w_of, const void* w,
                                      cudnnConvolutionDescriptor_t convolution, cudnnConvolutionFwdAlgo_t algorithm,
                                      void* workspace, std::size_t bytes, const void* beta,
                                      cudnnTensorDescriptor_t y_of, void* y);
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, cudnnFilterDescriptor_t w_of,
                                           const void* w, cudnnTensorDescriptor_t dy_of, const void* dy,
                                           cudnnConvolutionDescriptor_t convolution,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace, std::size_t bytes,
                                           const void* beta, cudnnTensorDescriptor_t dx_of, void* dx);
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_of,
                                             const void* x, cudnnTensorDescriptor_t dy_of, const void* dy,
                                             cudnnConvolutionDescriptor_t convolution,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace,
                                             std::size_t bytes, const void* beta, cudnnFilterDescriptor_t dw_of,
                                             void* dw);

}  // extern "C"

}  // namespace danas::cuda

/// All of them, for whoever looks them up.
#define DANAS_CUDNN_FUNCTIONS(each)                                                                                  \
  each(cudnnGetVersion) each(cudnnGetErrorString) each(cudnnCreate) each(cudnnDestroy) each(cudnnSetStream)          \
      each(cudnnCreateTensorDescriptor) each(cudnnDestroyTensorDescriptor) each(cudnnSetTensor4dDescriptor)          \
          each(cudnnCreateFilterDescriptor) each(cudnnDestroyFilterDescriptor) each(cudnnSetFilter4dDescriptor)      \
              each(cudnnCreateConvolutionDescriptor) each(cudnnDestroyConvolutionDescriptor)                         \
                  each(cudnnSetConvolution2dDescriptor) each(cudnnSetConvolutionGroupCount)                          \
                      each(cudnnSetConvolutionMathType) each(cudnnGetConvolution2dForwardOutputDim)                  \
                          each(cudnnGetConvolutionForwardWorkspaceSize)                                              \
                              each(cudnnGetConvolutionBackwardDataWorkspaceSize)                                     \
                                  each(cudnnGetConvolutionBackwardFilterWorkspaceSize) each(cudnnConvolutionForward) \
                                      each(cudnnConvolutionBackwardData) each(cudnnConvolutionBackwardFilter)
