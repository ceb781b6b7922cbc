// A backend whose memory the host may not touch: outside its own calls every access ends the program, as that of a GPU's
// memory would. Whoever runs on it uses the backend's functions alone.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "base/error.hpp"
#include "tensor/cpu/cpu_backend.hpp"

namespace danas::test {

class ForeignBackend : public cpu::CpuBackend {
 public:
  explicit ForeignBackend(int threads) : CpuBackend(threads, cpu::choose_kernels("portable")) {}
  ~ForeignBackend() override {
    for (const auto& [memory, size] : regions_) ::munmap(memory, size);
  }

  bool host_memory() const override { return false; }
  void* allocate(std::size_t bytes) override {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t size = (bytes + page) / page * page;
    void* memory = ::mmap(nullptr, size, access(), MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw Error("memory", "no memory for the test", Fault::failure);
    regions_[memory] = size;
    return memory;
  }
  void release(void* memory) noexcept override {
    const auto region = regions_.find(memory);
    if (region == regions_.end()) return;
    ::munmap(memory, region->second);
    regions_.erase(region);
  }

#define DANAS_OPENED(operation, parameters, arguments) \
  void operation parameters override {                 \
    const Opened opened(*this);                        \
    CpuBackend::operation arguments;                   \
  }
  DANAS_OPENED(upload, (const void* host, const View& to), (host, to))
  DANAS_OPENED(download, (const View& from, void* host), (from, host))
  DANAS_OPENED(copy, (const View& from, const View& to), (from, to))
  DANAS_OPENED(copy, (const Filter& from, const Filter& to), (from, to))
  DANAS_OPENED(clear, (const View& view), (view))
  DANAS_OPENED(clear, (const Filter& filter), (filter))
  DANAS_OPENED(convolution,
               (const View& x, const Filter& w, const Geometry& g, const View& b, Activation a, const View& y),
               (x, w, g, b, a, y))
  DANAS_OPENED(convolution_backward_input, (const View& dy, const Filter& w, const Geometry& g, const View& dx),
               (dy, w, g, dx))
  DANAS_OPENED(convolution_backward_filter, (const View& x, const View& dy, const Geometry& g, const Filter& dw),
               (x, dy, g, dw))
  DANAS_OPENED(depthwise,
               (const View& x, const Filter& w, const Geometry& g, const View& b, Activation a, const View& y),
               (x, w, g, b, a, y))
  DANAS_OPENED(depthwise_backward_input, (const View& dy, const Filter& w, const Geometry& g, const View& dx),
               (dy, w, g, dx))
  DANAS_OPENED(depthwise_backward_filter, (const View& x, const View& dy, const Geometry& g, const Filter& dw),
               (x, dy, g, dw))
  DANAS_OPENED(matmul, (const View& x, const Filter& w, const View& b, Activation a, const View& y), (x, w, b, a, y))
  DANAS_OPENED(matmul_backward_input, (const View& dy, const Filter& w, const View& dx), (dy, w, dx))
  DANAS_OPENED(matmul_backward_filter, (const View& x, const View& dy, const Filter& dw), (x, dy, dw))
  DANAS_OPENED(bias_backward, (const View& dy, const View& db), (dy, db))
  DANAS_OPENED(batch_norm_training,
               (const View& x, const BatchNormWeights& w, double e, Activation a, const View& y,
                const BatchNormStatistics& s),
               (x, w, e, a, y, s))
  DANAS_OPENED(batch_norm_inference, (const View& x, const BatchNormWeights& w, double e, Activation a, const View& y),
               (x, w, e, a, y))
  DANAS_OPENED(batch_norm_backward,
               (const View& x, const View& y, const View& dy, const BatchNormWeights& w, const BatchNormStatistics& s,
                double e, Activation a, const View& dx, const BatchNormGradients& g),
               (x, y, dy, w, s, e, a, dx, g))
  DANAS_OPENED(update_running_statistics, (const BatchNormStatistics& s, double m, const BatchNormWeights& w),
               (s, m, w))
  DANAS_OPENED(accumulate_moments, (const BatchNormStatistics& s, std::int64_t rows, const PooledMoments& p),
               (s, rows, p))
  DANAS_OPENED(store_moments, (const PooledMoments& p, const BatchNormWeights& w), (p, w))
  DANAS_OPENED(fold_batch_norm, (const Filter& w, const BatchNormWeights& n, double e, const Filter& f, const View& b),
               (w, n, e, f, b))
  DANAS_OPENED(activation, (const View& x, Activation a, const View& y), (x, a, y))
  DANAS_OPENED(activation_backward, (const View& y, const View& dy, Activation a, const View& dx), (y, dy, a, dx))
  DANAS_OPENED(add, (const View& a, const View& b, const View& y), (a, b, y))
  DANAS_OPENED(accumulate, (const View& x, double share, const View& sum), (x, share, sum))
  DANAS_OPENED(global_average_pool, (const View& x, const View& y), (x, y))
  DANAS_OPENED(global_average_pool_backward, (const View& dy, const View& dx), (dy, dx))
  DANAS_OPENED(softmax_cross_entropy, (const View& x, const View& labels, const View& p, const View& sums),
               (x, labels, p, sums))
  DANAS_OPENED(count_predictions, (const View& x, const View& labels, const PredictionCounts& counts),
               (x, labels, counts))
  DANAS_OPENED(softmax_cross_entropy_backward,
               (const View& p, const View& labels, const View& scale, const View& dlogits), (p, labels, scale, dlogits))
  DANAS_OPENED(sgd_step,
               (const Filter& w, const Filter& g, const Filter& v, const StepRates& rates, double m, double d),
               (w, g, v, rates, m, d))
  DANAS_OPENED(adam_step,
               (const Filter& w, const Filter& g, const Filter& m, const Filter& v, const StepRates& rates,
                const AdamSettings& adam),
               (w, g, m, v, rates, adam))
  DANAS_OPENED(next_step, (const View& counter), (counter))
  DANAS_OPENED(unscale_gradients, (const View& g, const LossScale& scale), (g, scale))
  DANAS_OPENED(cast, (const View& from, const View& to), (from, to))
  DANAS_OPENED(augment, (std::span<const Image> images, std::span<const Crop> crops, const View& out),
               (images, crops, out))
  DANAS_OPENED(normalized_convolution_training,
               (const View& x, const Filter& w, const Geometry& g, const BatchNormWeights& n, double e, Activation act,
                Arena& a, const View& y, ConvolutionSaved& s),
               (x, w, g, n, e, act, a, y, s))
  DANAS_OPENED(normalized_convolution_backward,
               (const View& x, const View& y, const View& dy, const Filter& w, const Geometry& g,
                const BatchNormWeights& n, double e, Activation act, const ConvolutionSaved& s, Arena& a,
                const View& dx, const Filter& dw, const BatchNormGradients& b),
               (x, y, dy, w, g, n, e, act, s, a, dx, dw, b))
  DANAS_OPENED(bottleneck_training,
               (const View& x, const BottleneckWeights& w, double e, Arena& a, const View& y, BottleneckSaved& s),
               (x, w, e, a, y, s))
  DANAS_OPENED(bottleneck_backward,
               (const View& x, const View& dy, const BottleneckWeights& w, double e, const BottleneckSaved& s, Arena& a,
                const View& dx, const BottleneckGradients& g),
               (x, dy, w, e, s, a, dx, g))
  DANAS_OPENED(bottleneck_inference, (const View& x, const FoldedBottleneck& b, Arena& a, const View& y), (x, b, a, y))
  DANAS_OPENED(features_inference, (const View& x, const FoldedFeatures& f, Arena& a, const View& y), (x, f, a, y))
#undef DANAS_OPENED
  FoldedFeatures fold_features(const Filter& w, const BatchNormWeights& weights, double epsilon, Activation act,
                               Arena& arena) override {
    const Opened opened(*this);
    return CpuBackend::fold_features(w, weights, epsilon, act, arena);
  }
  FoldedBottleneck fold_bottleneck(const BottleneckWeights& weights, double epsilon, Arena& arena) override {
    const Opened opened(*this);
    return CpuBackend::fold_bottleneck(weights, epsilon, arena);
  }

 private:
  // An operation may be made of others.
  class Opened {
   public:
    explicit Opened(ForeignBackend& backend) : backend_(backend) {
      if (backend_.open_++ == 0) backend_.protect();
    }
    ~Opened() {
      if (--backend_.open_ == 0) backend_.protect();
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

   private:
    ForeignBackend& backend_;
  };

  int access() const { return open_ > 0 ? PROT_READ | PROT_WRITE : PROT_NONE; }
  void protect() const {
    for (const auto& [memory, size] : regions_) ::mprotect(memory, size, access());
  }

  std::map<void*, std::size_t> regions_;
  int open_ = 0;
};

}  // namespace danas::test
