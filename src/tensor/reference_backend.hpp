// The oracle: every operation as its definition reads, in scalar loops of doubles. Private to the reference's files.
#pragma once

#include <cmath>

#include "tensor/half.hpp"
#include "tensor/host_backend.hpp"
#include "tensor/shapes.hpp"

namespace danas {

/// What the reference computes on: the type of a number, and of weights beside activations of it.
template <class Element>
struct ReferenceNumbers;
// clang-format off
template <> struct ReferenceNumbers<double> { using Real = double; static constexpr Type type = Type::f64; };
template <> struct ReferenceNumbers<float> { using Real = float; static constexpr Type type = Type::f32; };
template <> struct ReferenceNumbers<Half> { using Real = float; static constexpr Type type = Type::f16; };
template <> struct ReferenceNumbers<Bfloat16> { using Real = float; static constexpr Type type = Type::bf16; };
// clang-format on

/// Activations are `Element`s, weights `Real`s.
template <class Element>
class ReferenceBackend : public HostBackend {
 public:
  using Real = typename ReferenceNumbers<Element>::Real;
  static constexpr Type type = ReferenceNumbers<Element>::type, real_type = ReferenceNumbers<Real>::type;
  static constexpr shapes::Types gradients{type, real_type};  ///< of an operation whose filter is a gradient

  std::string name() const override;
  std::string instruction_set() const override { return "reference"; }
  Type weight_type() const override { return real_type; }
  Type activation_type() const override { return type; }
  int threads() const override { return 1; }
  std::unique_ptr<Backend> lane(int) const override { return std::make_unique<ReferenceBackend>(); }

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
};

namespace reference {

inline double activate(double x, Activation act) {
  switch (act) {
    case Activation::none: break;
    case Activation::relu: return x > 0 ? x : 0;
    case Activation::relu6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
  }
  return x;
}

/// Derivative of the activation, from its output.
inline double slope(double y, Activation act) {
  switch (act) {
    case Activation::none: break;
    case Activation::relu: return y > 0;
    case Activation::relu6: return y > 0 && y < 6;
    case Activation::sigmoid: return y * (1 - y);
  }
  return 1;
}

/// An activation by (n, y, x, c) and a filter by (ky, kx, i, o).
template <class Real>
Real& at(const View& view, std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t c) {
  return view.as<Real>()[((n * view.h + y) * view.w + x) * view.c + c];
}
template <class Real>
Real& at(const Filter& filter, std::int64_t ky, std::int64_t kx, std::int64_t i, std::int64_t o) {
  return filter.as<Real>()[(ky * filter.w + kx) * filter.tap_stride + i * filter.row_stride + o];
}

}  // namespace reference

}  // namespace danas
