// A backend that computes nothing and counts: what a step costs, and how much memory it needs, before anything is trained.
#pragma once

#include <limits>
#include <map>

#include "tensor/backend.hpp"
#include "tensor/shapes.hpp"

namespace danas {

/// What calls of operations came to.
struct Cost {
  double products = 0;           ///< FLOP of convolutions and matrix products, two a multiply-add
  double elementwise = 0;        ///< FLOP of everything else, a few an element
  double read = 0, written = 0;  ///< bytes of operands, each call by itself
  std::int64_t calls = 0;

  double bytes() const { return read + written; }
  Cost& operator+=(const Cost& other);
};

/// Its memory is none, and no one may read or write it. What is downloaded are zeros.
/// An operation made of others is counted as those.
class CostBackend : public Backend {
 public:
  /// As the product's backend on the CPU, or as another one.
  CostBackend() = default;
  explicit CostBackend(const Backend& like)
      : weight_type_(like.weight_type()), activation_type_(like.activation_type()), fusion_(like.fusion()) {}

  explicit CostBackend(Type activations) : activation_type_(activations), fusion_(Fusion::on_load) {}  ///< as a GPU's

  const Cost& cost() const { return cost_; }
  virtual void forget() { cost_ = {}; }             ///< begins to count anew; memory stays
  std::size_t peak_bytes() const { return peak_; }  ///< most bytes ever allocated at a time

  std::string name() const override { return "cost"; }
  std::string instruction_set() const override { return "none"; }
  Type weight_type() const override { return weight_type_; }
  Type activation_type() const override { return activation_type_; }
  int threads() const override { return 1; }
  std::unique_ptr<Backend> lane(int) const override {
    return std::make_unique<CostBackend>(static_cast<const Backend&>(*this));
  }
  Fusion fusion() const override { return fusion_; }

  double usable_bytes() const override { return std::numeric_limits<double>::infinity(); }
  bool host_memory() const override { return false; }
  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  void upload(const void* host, const View& to) override;
  void download(const View& from, void* host) override;
  void copy(const View& from, const View& to) override;
  void copy(const Filter& from, const Filter& to) override;
  void clear(const View& view) override;
  void clear(const Filter& filter) override;

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
  void update_running_statistics(const BatchNormStatistics& batch, double momentum,
                                 const BatchNormWeights& weights) override;
  void accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows, const PooledMoments& pooled) override;
  void store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) override;
  void fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon, const Filter& folded,
                       const View& bias) override;

  void activation(const View& x, Activation act, const View& y) override;
  void activation_backward(const View& y, const View& dy, Activation act, const View& dx) override;
  void add(const View& a, const View& b, const View& y) override;
  void accumulate(const View& x, double share, const View& sum) override;
  void global_average_pool(const View& x, const View& y) override;
  void global_average_pool_backward(const View& dy, const View& dx) override;
  void softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                             const View& sums) override;
  void softmax_cross_entropy_backward(const View& probabilities, const View& targets, const View& scale,
                                      const View& dlogits) override;
  void count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) override;
  void sgd_step(const Filter& w, const Filter& g, const Filter& velocity, const StepRates& rates, double momentum,
                double weight_decay) override;
  void adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v, const StepRates& rates,
                 const AdamSettings& adam) override;
  void next_step(const View& counter) override;
  void unscale_gradients(const View& g, const LossScale& scale) override;
  void cast(const View& from, const View& to) override;
  void augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) override;

  // As fused kernels: their memory, one read and one write of what each pass sees.
  void normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                       const BatchNormWeights& weights, double epsilon, Activation act, Arena& arena,
                                       const View& y, ConvolutionSaved& saved) override;
  void normalized_convolution_backward(const View& x, const View& y, const View& dy, const Filter& w,
                                       const Geometry& geometry, const BatchNormWeights& weights, double epsilon,
                                       Activation act, const ConvolutionSaved& saved, Arena& arena, const View& dx,
                                       const Filter& dw, const BatchNormGradients& gradients) override;
  void bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena, const View& y,
                           BottleneckSaved& saved) override;
  void bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y) override;
  void features_inference(const View& x, const FoldedFeatures& features, Arena& arena, const View& y) override;
  void bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                           const BottleneckSaved& saved, Arena& arena, const View& dx,
                           const BottleneckGradients& gradients) override;

 private:
  void count(double products, double elementwise, double read, double written);
  /// An elementwise operation of so many FLOP an element of `each`, by the sizes of what it reads and writes.
  void pass(double flop, const View& each, std::initializer_list<View> read, std::initializer_list<View> written);

  bool fused(const Filter& depthwise, int stride) const;

  /// Of an operation whose filter is a gradient.
  shapes::Types gradient_types() const { return {activation_type_, weight_type_}; }

  Type weight_type_ = Type::f32, activation_type_ = Type::f32;
  Fusion fusion_ = Fusion::planes;
  Cost cost_;
  std::map<std::uintptr_t, std::size_t> blocks_;  ///< sizes by address, none of which is memory
  std::uintptr_t next_ = 1 << 20;
  std::size_t held_ = 0, peak_ = 0;
};

}  // namespace danas
