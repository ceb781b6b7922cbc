// The CUDA backend: checks shapes and launches kernels in one stream, in the order of the calls. Results depend on
// shapes and values alone: no atomic additions, and how sums are cut never depends on the device. Here is what does not
// depend on the type of activations; cuda_operations.hpp has the rest.
#pragma once

#include <string>

#include "cuda/gpu.cuh"
#include "cuda/runtime.hpp"
#include "cuda/workspace.hpp"
#include "tensor/backend.hpp"

namespace danas::cuda {

class CudaBackend : public Backend {
 public:
  CudaBackend(int device, bool graphs);
  ~CudaBackend() override;
  CudaBackend(const CudaBackend&) = delete;
  CudaBackend& operator=(const CudaBackend&) = delete;

  std::string name() const override;                                         ///< "cuda:0 NVIDIA H200, sm_90, f16"
  std::string instruction_set() const override { return instruction_set_; }  ///< "cuda sm_90"
  Type weight_type() const override { return Type::f32; }
  int threads() const override { return 1; }  ///< of the host
  /// The stream, of a device that the calling thread has selected: lanes run on threads of their own.
  cudaStream_t stream() const;

  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  double usable_bytes() const override;
  bool host_memory() const override { return false; }
  void upload(const void* host, const View& to) override;
  void download(const View& from, void* host) override;
  std::optional<double> first_not_finite(const View& x) override;
  void copy(const View& from, const View& to) override;
  void copy(const Filter& from, const Filter& to) override;
  void clear(const View& view) override;
  void clear(const Filter& filter) override;
  /// Captured into a graph at the first run, launched as that from then on, unless the backend is without graphs.
  std::unique_ptr<Program> record(std::function<void()> body) override;

  void update_running_statistics(const BatchNormStatistics& batch, double momentum,
                                 const BatchNormWeights& weights) override;
  void accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows, const PooledMoments& pooled) override;
  void store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) override;
  void accumulate(const View& x, double share, const View& sum) override;
  void sgd_step(const Filter& w, const Filter& g, const Filter& velocity, const StepRates& rates, double momentum,
                double weight_decay) override;
  void adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v, const StepRates& rates,
                 const AdamSettings& adam) override;
  void next_step(const View& counter) override;
  void unscale_gradients(const View& g, const LossScale& scale) override;

 protected:
  int device() const { return device_; }
  bool graphs() const { return graphs_; }
  void synchronize() const;
  void finish() noexcept;  ///< waits for what is under way: for destructors, ahead of the memory that it uses

  bool capturing() const { return capturing_; }  ///< whether what is told becomes part of a graph
  /// After a program was captured, or failed to be: whether it is to be captured once more before its first run, since
  /// what it has told is only now decided how to do.
  virtual bool settle(bool /*captured*/) { return false; }

  /// Scratch memory of one operation: the next one may use it again. Its size is fixed, as no step allocates and graphs
  /// keep its address; operations cut their work so that it is enough.
  template <class T>
  T* workspace() const {
    return reinterpret_cast<T*>(workspace_.get());
  }
  static constexpr std::size_t workspace_bytes = 16 << 20;
  Workspace scratch() const { return {workspace_.get(), workspace_bytes}; }

 private:
  class Recorded;

  void finish_memory() const;  ///< at the end of a function that moves numbers

  int device_;
  bool graphs_;  ///< whether programs are
  bool in_program_ = false, capturing_ = false;
  std::string model_, instruction_set_;
  DeviceMemory workspace_;
  Stream stream_;  ///< ends before the memory that is used in it
};

/// Rows, channels and the like as kernels count them; throws Error beyond 2³¹ − 1.
int count_of(const char* name, std::int64_t count);

}  // namespace danas::cuda
