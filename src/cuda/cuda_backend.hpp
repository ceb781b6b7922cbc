// The CUDA backend: checks shapes and launches kernels in one stream, in the order of the calls. Results depend on
// shapes and values alone: no atomic additions, and how sums are cut never depends on the device.
#pragma once

#include <string>

#include "cuda/gpu.cuh"
#include "cuda/runtime.hpp"
#include "cuda/window.cuh"
#include "tensor/backend.hpp"

namespace danas::cuda {

class CudaBackend : public Backend {
 public:
  CudaBackend(int device, bool graphs);
  ~CudaBackend() override;
  CudaBackend(const CudaBackend&) = delete;
  CudaBackend& operator=(const CudaBackend&) = delete;

  std::string name() const override;
  std::string instruction_set() const override { return instruction_set_; }  ///< "cuda sm_90"
  Type real_type() const override { return Type::f32; }
  int threads() const override { return 1; }  ///< of the host
  /// A stream of its own. What one backend keeps in memory another finds there: memory functions are done when the call
  /// returns, unless they are part of a program.
  std::unique_ptr<Backend> lane(int) const override { return std::make_unique<CudaBackend>(device_, graphs_); }

  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  bool host_memory() const override { return false; }
  void upload(const void* host, const View& to) override;
  void download(const View& from, void* host) override;
  void copy(const View& from, const View& to) override;
  void copy(const Filter& from, const Filter& to) override;
  void clear(const View& view) override;
  void clear(const Filter& filter) override;
  /// Captured into a graph at the first run, launched as that from then on, unless the backend is without graphs.
  std::unique_ptr<Program> record(std::function<void()> body) override;

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
  void global_average_pool(const View& x, const View& y) override;
  void global_average_pool_backward(const View& dy, const View& dx) override;

  void softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                             const View& sums) override;
  void softmax_cross_entropy_backward(const View& probabilities, const View& labels, const View& dlogits) override;
  void count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) override;
  void sgd_step(const View& w, const View& g, const View& velocity, const StepRates& rates, double momentum,
                double weight_decay) override;
  void adam_step(const View& w, const View& g, const View& m, const View& v, const StepRates& rates,
                 const AdamSettings& adam) override;
  void next_step(const View& counter) override;
  void augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) override;

 private:
  class Recorded;

  /// The stream, of a device that the calling thread has selected: lanes run on threads of their own.
  cudaStream_t stream() const;
  void synchronize() const;
  void finish_memory() const;  ///< at the end of a function that moves numbers

  /// Scratch memory of one operation: the next one may use it again. Its size is fixed, as no step allocates and graphs
  /// keep its address; operations cut their work so that it is enough.
  template <class T>
  T* workspace() const {
    return reinterpret_cast<T*>(workspace_.get());
  }
  static constexpr std::size_t workspace_bytes = 16 << 20;

  template <class Problem>
  void run_product(const char* name, Problem problem, int parts);
  template <class Rows>
  void filter_product(const char* name, const Rows& rows, const View& dy, const Filter& dw);
  template <class Terms>
  void sum_channels(const char* name, const View& rows, const Terms& terms);
  void row_losses_of(const char* name, const View& logits, const View& labels, float* probabilities);

  int device_;
  bool graphs_;  ///< whether programs are
  bool in_program_ = false;
  std::string model_, instruction_set_;
  DeviceMemory workspace_;

  // Crops on their way to the device.
  PinnedMemory staged_;
  DeviceMemory pictures_;
  std::size_t staged_bytes_ = 0;
  Event copied_;  ///< since then staged_ may be written again

  Stream stream_;  ///< ends before the memory that is used in it
};

/// A filter as kernels know it.
inline Weights weights_of(const Filter& filter) { return {filter.as<float>(), filter.tap_stride, filter.row_stride}; }

Window window_of(const char* name, const View& x, const View& y, const Filter& w, const Geometry& geometry);

/// Rows, channels and the like as kernels count them; throws Error beyond 2³¹ − 1.
int count_of(const char* name, std::int64_t count);

}  // namespace danas::cuda
