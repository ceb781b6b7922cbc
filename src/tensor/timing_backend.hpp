// Another backend with a clock beside it: what every operation of a step takes, and what it costs.
#pragma once

#include <initializer_list>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/stopwatch.hpp"
#include "tensor/arena.hpp"
#include "tensor/cost_backend.hpp"
#include "tensor/tensor.hpp"

namespace danas {

/// All calls of one operation for one layer, in one step.
struct TimedOperation {
  std::string layer, operation;  ///< "blocks.4", "bottleneck_backward", as Backend's function is called
  double seconds = 0;            ///< mean of the steps
  Cost cost;
};

/// Hands everything on to the backend that it is made for, which must outlive it. A layer is known by its weights'
/// addresses; an operation without weights is its operand's layer's. Uploads and downloads are no operations. On a device
/// every operation is waited for: what that takes is in its time.
class TimingBackend : public Backend {
 public:
  explicit TimingBackend(Backend& inner);

  /// What lies at this address (a weight, a gradient) belongs to the layer from now on.
  void assign(const void* address, const std::string& layer);

  void begin();     ///< ahead of the first step: forgets what was done before
  void end_step();  ///< after every step: the first one is counted, those after it are timed
  /// In the order of their first calls; after two steps at least.
  std::vector<TimedOperation> operations() const;
  double step_seconds() const;  ///< mean of the steps, with what is between the operations

  std::string name() const override { return inner_.name(); }
  std::string instruction_set() const override { return inner_.instruction_set(); }
  Type weight_type() const override { return inner_.weight_type(); }
  Type activation_type() const override { return inner_.activation_type(); }
  int threads() const override { return inner_.threads(); }
  std::unique_ptr<Backend> lane(int threads) const override { return inner_.lane(threads); }
  Fusion fusion() const override { return inner_.fusion(); }

  void* allocate(std::size_t bytes) override { return inner_.allocate(bytes); }
  void release(void* memory) noexcept override { inner_.release(memory); }
  double usable_bytes() const override { return inner_.usable_bytes(); }
  bool host_memory() const override { return inner_.host_memory(); }
  void upload(const void* host, const View& to) override { inner_.upload(host, to); }
  void download(const View& from, void* host) override { inner_.download(from, host); }
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
  FoldedBottleneck fold_bottleneck(const BottleneckWeights& weights, double epsilon, Arena& arena) override;
  void bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y) override;
  FoldedFeatures fold_features(const Filter& w, const BatchNormWeights& weights, double epsilon, Activation act,
                               Arena& arena) override;
  void features_inference(const View& x, const FoldedFeatures& features, Arena& arena, const View& y) override;

 private:
  using Addresses = std::initializer_list<const void*>;

  /// The operation is `call(backend)`; its layer is that of the first of `from` that is known, and from now on of `to`.
  template <class Call>
  void timed(const char* operation, Addresses from, Addresses to, const Call& call);
  const std::string& layer_of(Addresses addresses) const;
  /// None for what the first step had not: it is done now and then, between steps.
  TimedOperation* entry(const std::string& layer, const char* operation);
  void wait();
  /// The arena of an operation on one of the two backends.
  Arena& arena_of(const Backend& backend, Arena& own);

  Backend& inner_;
  CostBackend cost_;
  Arena counted_;
  Tensor waited_for_;  ///< a number on a device
  std::unordered_map<const void*, std::string> layers_;
  std::vector<TimedOperation> operations_;               ///< seconds of all timed steps together
  std::unordered_map<std::string, std::size_t> places_;  ///< in operations_
  std::int64_t steps_ = 0;
  double seconds_ = 0;  ///< of the timed steps
  Stopwatch stopwatch_;
};

}  // namespace danas
