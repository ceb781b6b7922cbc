// The CPU backend: cuts every operation into tasks by shape alone and runs the kernels of one instruction set on them.
// Used by one calling thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.hpp"
#include "tensor/cpu/block_team.hpp"
#include "tensor/cpu/kernels.hpp"
#include "tensor/cpu/scratch.hpp"
#include "tensor/host_backend.hpp"
#include "tensor/shapes.hpp"

namespace danas::cpu {

class CpuBackend : public HostBackend {
 public:
  CpuBackend(int threads, const Kernels& kernels);

  std::string name() const override;
  std::string instruction_set() const override { return kernels_.name; }
  Type weight_type() const override { return Type::f32; }
  int threads() const override { return pool_.threads(); }
  Fusion fusion() const override { return Fusion::planes; }
  std::unique_ptr<Backend> lane(int threads) const override { return std::make_unique<CpuBackend>(threads, kernels_); }

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
  /// A dense matrix [count, width].
  struct Rows {
    const float* values;
    Index count, width;
  };
  static Rows rows_of(const View& x) { return {x.as<const float>(), x.rows(), x.c}; }

  /// A matrix [depth, columns] as panels of up to three vectors of columns, each [depth, vectors·lanes], zeros beyond
  /// the last column. In memory of the backend, until the next pack().
  struct PackedFilter {
    struct Panel {
      const float* values;
      Index column;  ///< the first
      int vectors;
      Index columns;
    };
    Index depth, columns;
    std::span<const Panel> panels;
  };
  /// w, or wᵀ, whose depth is w's columns.
  PackedFilter pack(const Filter& w, bool transposed);
  void product(const Rows& x, const PackedFilter& w, const float* bias, Activation act, float* y);
  void filter_product(const Rows& x, const float* dy, Index columns, const Filter& dw);
  /// partials [chunks][depth][columns] added in their order, to dw; `transposed`: each is [columns][depth].
  void sum_filter(float* partials, Index chunks, Index depth, Index columns, bool transposed, const Filter& dw);

  /// A convolution whose windows lie in padded rows of its input.
  struct Windows;
  /// The input's rows that output rows [begin, end) of all images see, in the worker's memory.
  const float* padded_rows(const Windows& windows, Index begin, Index end, int worker);
  /// Σ over the output pixels of a window about `center` and a 1 after it times the pixel's `columns` values:
  /// [width + 1][columns], in memory of the backend. right(matrix of windows,
  /// first pixel, pixels, memory) are the values of some pixels.
  template <class Right>
  const double* window_products(const Windows& windows, const float* center, Index columns, const Right& right);
  /// Of saved everything; `dense`: the convolution's filter as a matrix [width][out].
  void window_covariance(const Windows& windows, const Filter& dense, const ConvolutionSaved& saved);
  void convolution_gradients(const double* sums, const Filter& w, const BatchNormWeights& weights, double epsilon,
                             const ConvolutionSaved& saved, const Filter& dw, const BatchNormGradients& gradients);
  void scatter_columns(const float* columns, Index begin, Index end, const Windows& windows, float* image) const;

  struct DepthwiseShape;
  void depthwise_rows(const DepthwiseShape& shape, const float* x, const Filter& w, const float* bias, Activation act,
                      float* y);
  void depthwise_scatter(const DepthwiseShape& shape, const float* dy, const Filter& w, float* dx);

  /// How the rows of a matrix are cut into tasks. Rows are joined, `repeats` at a time, to whole vectors: a vector of
  /// channels is repeated as often, to `width` elements.
  struct Tiling {
    Index channels, repeats, width, rows_per_task, tasks, floats;
    Index begin(Index task) const { return task * rows_per_task * width; }
    Span span(Index task) const;
  };
  Tiling tiling(const View& x) const;
  float* take_sums(const Tiling& tiling, Index count);  ///< `count` vectors for each task, in the partials

  void take_moments(const View& x, const BatchNormStatistics& statistics);
  /// `sum`, or nothing, is added to what the activation gives.
  void normalize(const View& x, const View& mean, const View& variance, const BatchNormWeights& weights, double epsilon,
                 Activation act, const View& sum, const View& y);

  static constexpr Index task_floats = 16384;  ///< where a pass over numbers is worth a task

  /// body(begin, count) over blocks of a flat array.
  template <class Body>
  void for_blocks(Index n, const Body& body) {
    pool_.run(divide_up(n, task_floats), [&](std::int64_t task, int) {
      const Index begin = task * task_floats;
      body(begin, n - begin < task_floats ? n - begin : task_floats);
    });
  }
  /// body(pointers, count) over parts of filters of one shape, at what each has of a part.
  template <std::size_t filters, class Body>
  void for_filter_rows(const std::array<Filter, filters>& of, const Body& body);

  /// body(image) for the images of a view, as many a task as are worth one.
  template <class Body>
  void for_images(const View& view, const Body& body) {
    const Index size = view.h * view.w * view.c, share = size < task_floats ? task_floats / (size + 1) + 1 : 1;
    pool_.run(divide_up(view.n, share), [&](std::int64_t task, int) {
      for (Index image = task * share; image < view.n && image < (task + 1) * share; ++image) body(image);
    });
  }

  const Kernels& kernels_;
  ThreadPool pool_;
  Scratch packed_, partials_, vectors_;
  struct Worker {
    Scratch rows;
    std::vector<Tap> taps;
    std::vector<FilterTap> filter_taps;
    std::vector<std::uint8_t> pixels;
  };
  std::vector<Worker> workers_;
  std::vector<PackedFilter::Panel> panels_;  ///< of pack()

  BlockTeam team() { return {kernels_, pool_, block_workers_, packed_, partials_}; }
  std::vector<BlockWorker> block_workers_;
};

}  // namespace danas::cpu
