// The operations of the CUDA backend on activations of one type: float, __half or __nv_bfloat16.
#pragma once

#include "cuda/cuda_backend.hpp"
#include "cuda/operands.hpp"
#include "cuda/window.cuh"
#include "tensor/shapes.hpp"

namespace danas::cuda {

template <class Element>
class CudaOperations : public CudaBackend {
 public:
  static constexpr Type type = type_of<Element>;
  static constexpr shapes::Types gradients{type, Type::f32};  ///< of an operation whose filter is a gradient

  CudaOperations(int device, bool graphs) : CudaBackend(device, graphs) {}

  Type activation_type() const override { return type; }
  /// A stream of its own. What one backend keeps in memory another finds there: memory functions are done when the call
  /// returns, unless they are part of a program.
  std::unique_ptr<Backend> lane(int) const override { return std::make_unique<CudaOperations>(device(), graphs()); }

  void convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                   const View& y) override;
  void convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) override;
  void convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) override;
  void depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                 const View& y) override;
  void depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) override;
  void depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) override;
  void matmul(const View& x, const Filter& w, const View& bias, Activation act, const View& y) override;
  void matmul_backward_input(const View& dy, const Filter& w, const View& dx) override;
  void matmul_backward_filter(const View& x, const View& dy, const Filter& dw) override;
  void bias_backward(const View& dy, const View& dbias) override;

  void batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                           const View& y, const BatchNormStatistics& statistics) override;
  void batch_norm_inference(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                            const View& y) override;
  void batch_norm_backward(const View& x, const View& y, const View& dy, const BatchNormWeights& weights,
                           const BatchNormStatistics& statistics, double epsilon, Activation act, const View& dx,
                           const BatchNormGradients& gradients) override;
  void fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon, const Filter& folded,
                       const View& bias) override;

  // Normalized on load (tensor/normalized_on_load.hpp), where a backend that is one of these does not say otherwise.
  Fusion fusion() const override { return Fusion::on_load; }
  void normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                       const BatchNormWeights& weights, double epsilon, Activation act, Arena& arena,
                                       const View& y, ConvolutionSaved& saved) override;
  void normalized_convolution_backward(const View& x, const View& y, const View& dy, const Filter& w,
                                       const Geometry& geometry, const BatchNormWeights& weights, double epsilon,
                                       Activation act, const ConvolutionSaved& saved, Arena& arena, const View& dx,
                                       const Filter& dw, const BatchNormGradients& gradients) override;
  void bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena, const View& y,
                           BottleneckSaved& saved) override;
  void bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                           const BottleneckSaved& saved, Arena& arena, const View& dx,
                           const BottleneckGradients& gradients) override;

  void activation(const View& x, Activation act, const View& y) override;
  void activation_backward(const View& y, const View& dy, Activation act, const View& dx) override;
  void add(const View& a, const View& b, const View& y) override;
  void global_average_pool(const View& x, const View& y) override;
  void global_average_pool_backward(const View& dy, const View& dx) override;

  void softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                             const View& sums) override;
  void softmax_cross_entropy_backward(const View& probabilities, const View& targets, const View& scale,
                                      const View& dlogits) override;
  void count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) override;
  void cast(const View& from, const View& to) override;
  void augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) override;
  std::unique_ptr<BatchFeed> feed(const View& images, std::size_t staged_bytes) override;

 private:
  void row_losses_of(const char* name, const View& logits, const View& labels, float* probabilities);
};

/// One tap that sees its own pixel: rows are used as they lie.
bool plain(const Filter& w, const Geometry& geometry);

/// How x's and y's pixels lie to each other.
Window window_of(const char* name, const View& x, const View& y, const Filter& w, const Geometry& geometry);

}  // namespace danas::cuda
