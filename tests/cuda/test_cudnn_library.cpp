// The true cuDNN as danas looks it up, without a GPU: $CUDNN_LIBRARY or the one that is installed. Skipped where there is
// none.
#define BOOST_TEST_MODULE cudnn_library
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "base/error.hpp"
#include "cuda/cudnn_library.hpp"
#include "tensor/backend.hpp"

using namespace danas;
using namespace danas::cuda;

namespace {

std::unique_ptr<CudnnLibrary> true_library() {
  const char* const name = std::getenv("CUDNN_LIBRARY");
  return std::make_unique<CudnnLibrary>(name != nullptr ? std::vector<std::string>{name}
                                                        : std::vector<std::string>{"libcudnn.so.9", "libcudnn.so.8"});
}

/// Descriptions as danas makes them, and what cuDNN says the output's extents are.
class Convolution {
 public:
  Convolution(const CudnnLibrary& cudnn, cudnnDataType_t type, int size, int channels, int out, int kernel, int stride,
              int pad, bool depthwise)
      : cudnn_(cudnn) {
    const auto check = [](cudnnStatus_t status) { BOOST_TEST_REQUIRE(status == CUDNN_STATUS_SUCCESS); };
    check(cudnn.cudnnCreateTensorDescriptor(&x_));
    check(cudnn.cudnnCreateFilterDescriptor(&w_));
    check(cudnn.cudnnCreateConvolutionDescriptor(&convolution_));
    check(cudnn.cudnnSetTensor4dDescriptor(x_, CUDNN_TENSOR_NHWC, type, 3, channels, size, size));
    check(cudnn.cudnnSetFilter4dDescriptor(w_, type, CUDNN_TENSOR_NHWC, out, depthwise ? 1 : channels, kernel, kernel));
    check(cudnn.cudnnSetConvolution2dDescriptor(convolution_, pad, pad, stride, stride, 1, 1, CUDNN_CROSS_CORRELATION,
                                                CUDNN_DATA_FLOAT));
    check(cudnn.cudnnSetConvolutionGroupCount(convolution_, depthwise ? channels : 1));
    check(cudnn.cudnnSetConvolutionMathType(convolution_,
                                            type == CUDNN_DATA_FLOAT ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH));
  }
  ~Convolution() {
    cudnn_.cudnnDestroyConvolutionDescriptor(convolution_);
    cudnn_.cudnnDestroyFilterDescriptor(w_);
    cudnn_.cudnnDestroyTensorDescriptor(x_);
  }
  Convolution(const Convolution&) = delete;
  Convolution& operator=(const Convolution&) = delete;

  std::vector<int> output() const {
    std::vector<int> extents(4);
    const cudnnStatus_t status = cudnn_.cudnnGetConvolution2dForwardOutputDim(convolution_, x_, w_, extents.data(),
                                                                              &extents[1], &extents[2], &extents[3]);
    BOOST_TEST_REQUIRE(status == CUDNN_STATUS_SUCCESS);
    return extents;
  }

 private:
  const CudnnLibrary& cudnn_;
  cudnnTensorDescriptor_t x_ = nullptr;
  cudnnFilterDescriptor_t w_ = nullptr;
  cudnnConvolutionDescriptor_t convolution_ = nullptr;
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_function_is_there_and_output_extents_are_danas) {
  std::unique_ptr<CudnnLibrary> cudnn;
  try {
    cudnn = true_library();
  } catch (const Error& error) {
    // A library that lacks something is a failure; that there is none is not.
    BOOST_TEST_REQUIRE(std::string(error.what()).starts_with("[cuDNN] no library"), error.what());
    std::cout << "skipped: " << error.what() << std::endl;
    std::_Exit(77);  // Meson's status of what was skipped
  }
  const std::size_t version = cudnn->cudnnGetVersion();
  std::cout << "cuDNN " << cudnn_version_text(version) << '\n';
  BOOST_TEST(((version >= 8000 && version < 9000) || (version >= 90000 && version < 100000)), version);
  BOOST_TEST(std::string(cudnn->cudnnGetErrorString(0)) == "CUDNN_STATUS_SUCCESS");
  const std::string refusal = cudnn->cudnnGetErrorString(version < 9000 ? 9 : 3000);
  BOOST_TEST(refusal == "CUDNN_STATUS_NOT_SUPPORTED");

  // danas has cuDNN do a convolution where the extents agree: that is where both ends of an axis are padded alike.
  int alike = 0, unlike = 0;
  for (const cudnnDataType_t type : {CUDNN_DATA_FLOAT, CUDNN_DATA_HALF, CUDNN_DATA_BFLOAT16})
    for (const bool depthwise : {false, true})
      for (const int size : {1, 7, 8, 33, 112})
        for (const int kernel : {1, 3, 5})
          for (const int stride : {1, 2}) {
            const Geometry geometry{stride, Padding::same};
            const auto out = static_cast<int>(output_size(size, kernel, geometry));
            const auto pad = static_cast<int>(padding_before(size, kernel, geometry));
            const int padded = std::max((out - 1) * stride + kernel - size, 0), channels = depthwise ? 24 : 40;
            const Convolution convolution(*cudnn, type, size, 24, channels, kernel, stride, pad, depthwise);
            const bool agree = convolution.output() == std::vector{3, channels, out, out};
            BOOST_TEST(agree == (padded == 2 * pad), size << ' ' << kernel << ' ' << stride);
            (agree ? alike : unlike) += 1;
          }
  BOOST_TEST(alike > 100);
  BOOST_TEST(unlike > 10);
}

// Without a GPU it does not.
BOOST_AUTO_TEST_CASE(it_starts_or_says_why_not) {
  const std::unique_ptr<CudnnLibrary> cudnn = true_library();
  cudnnHandle_t handle = nullptr;
  const cudnnStatus_t status = cudnn->cudnnCreate(&handle);
  if (status == CUDNN_STATUS_SUCCESS) cudnn->cudnnDestroy(handle);
  else BOOST_TEST(std::string(cudnn->cudnnGetErrorString(status)).starts_with("CUDNN_STATUS_"));
}
