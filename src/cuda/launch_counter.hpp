// What the CUDA backend launches, without a GPU: every operation is counted as the launchers of this folder cut it into
// kernels, with the bytes and the arithmetic of each. tests/cuda/test_launch_counter.cpp holds it against the launchers:
// the same kernels, the same grids, the same bytes of memory touched.
#pragma once

#include <vector>

#include "tensor/cost_backend.hpp"
#include "tensor/precision.hpp"

namespace danas::cuda {

/// One kernel, launched once.
struct KernelLaunch {
  const char* operation;           ///< of Backend: "batch_norm_training"
  const char* kernel = "product";  ///< "channel_parts"
  double blocks = 1;               ///< of its grid
  double resident = 8;             ///< of them a multiprocessor has room for
  double flop = 0;                 ///< that it computes, what a tile has beyond the product's edge included
  bool product = false;            ///< a matrix product: what tensor cores are for
  double read = 0;                 ///< bytes of memory, each operand once,
  double swept = 0;                ///< those of them that a sweep of tiles reads as a whole
  double sweeps = 1;               ///< how often: from a cache where one holds them
  double written = 0;              ///< bytes
  double rounds = 1;               ///< of memory accesses that a thread makes one after another
};

/// Counts the launches; memory and Cost as CostBackend counts them, with the backend's workspace.
class LaunchCounter : public CostBackend {
 public:
  explicit LaunchCounter(Precision precision);

  const std::vector<KernelLaunch>& launches() const { return launches_; }
  void forget() override;

  std::unique_ptr<Backend> lane(int) const override { return std::make_unique<LaunchCounter>(precision_); }

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

 private:
  /// Activations that a thread accesses at a time, and the vectors of them that hold a view's channels.
  double vector() const;
  double columns(const View& view) const;

  /// for_each over so many threads.
  void each(const char* operation, const char* body, double threads, double flop, double read, double written,
            double rounds = 1);
  /// The same over vectors of `numbers` numbers, each of so many FLOP.
  void flat(const char* operation, const char* body, double numbers, double flop, double read, double written);
  /// The same over rows, a vector of their channels to a thread.
  void spread(const char* operation, const char* body, const View& rows, double flop, double read, double written);
  /// Parts of `size` sums of so many bytes, `count` parts; `written`: what becomes of them.
  void totals(const char* operation, double size, double bytes, double count, double written);
  /// `tiles` of rows to a block, one after another; `launch.rounds` less one: what each of them waits for beside its slabs.
  void run_product(KernelLaunch launch, double height, double width, double depth, double part, double tiles = 1);
  double tile_width(double width) const;
  double tile_height(double width) const;
  /// A product that leaves two sums of each column: how many parts of them.
  double summed_product(KernelLaunch launch, double height, double width, double depth);
  /// A filter's gradient, from so many rows.
  void filter_product(const char* operation, double read, double depth, const Filter& dw);
  double channel_parts(const char* operation, const View& of, double count, double flop, double read);
  /// What follows the sums of a normalization: its statistics and coefficients, or its gradients and theirs.
  void finish_moments(const char* operation, double channels, double parts);
  void finish_gradients(const char* operation, double channels, double parts);
  /// Sums by channel over the rows of `of`: `count` of them; `written`: what becomes of them.
  void sum_channels(const char* operation, const View& of, double count, double flop, double read, double written);
  void row_losses(const char* operation, const View& logits, const View& labels, const View& probabilities);
  void count_rows(const char* operation, const View& logits, double written);

  Precision precision_;
  std::vector<KernelLaunch> launches_;
};

}  // namespace danas::cuda
