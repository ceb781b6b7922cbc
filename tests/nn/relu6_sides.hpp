// On which side of its kinks every ReLU6 unit of a training step is: recorded on the product, taken over by the
// reference. A unit whose input lies within rounding of 0 or 6 has its slope on or off by the last bits, and every
// gradient before it steps along: gradients can be compared where both take the same sides.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include "support.hpp"
#include "tensor/cpu/cpu_backend.hpp"
#include "tensor/reference_backend.hpp"
#include "tensor/tensor.hpp"

namespace danas::test {

enum class Side : std::int8_t { below, inside, above };
inline Side side_of(double y) { return y <= 0 ? Side::below : y < 6 ? Side::inside : Side::above; }

using Sides = std::vector<std::vector<Side>>;  ///< of every normalization with ReLU6, in forward order

/// The product, which notes the sides.
class SidesRecorder : public cpu::CpuBackend {
 public:
  explicit SidesRecorder(int threads) : CpuBackend(threads, cpu::choose_kernels("")) {}

  void batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                           const View& y, const BatchNormStatistics& statistics) override {
    CpuBackend::batch_norm_training(x, weights, epsilon, act, y, statistics);
    if (act == Activation::relu6) note(y);
  }

  void normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                       const BatchNormWeights& weights, double epsilon, Activation act, Arena& arena,
                                       const View& y, ConvolutionSaved& saved) override {
    CpuBackend::normalized_convolution_training(x, w, geometry, weights, epsilon, act, arena, y, saved);
    if (act == Activation::relu6 && !saved.convolved.present()) note(y);
  }

  void bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena, const View& y,
                           BottleneckSaved& saved) override {
    CpuBackend::bottleneck_training(x, weights, epsilon, arena, y, saved);
    const BottleneckShape shape(x, weights.expand, weights.depthwise, weights.project, weights.stride);
    if (saved.expanded.present()) note(shape, saved.expanded, shape.in_pixels(), weights.bn1, saved.bn1, epsilon);
    else if (shape.expands()) note_expansion(shape, x, weights, saved, epsilon);
    note(shape, saved.filtered, shape.out_pixels(), weights.bn2, saved.bn2, epsilon);
  }

  const Sides& sides() const { return sides_; }

 private:
  void note(const View& y) {
    sides_.emplace_back(static_cast<std::size_t>(y.size()));
    for (std::int64_t i = 0; i < y.size(); ++i) sides_.back()[static_cast<std::size_t>(i)] = side_of(get(y, i));
  }

  // What the fused kernels normalize on load, in the order of pixels and channels.
  void note(const BottleneckShape& shape, const View& wide, std::int64_t pixels, const BatchNormWeights& weights,
            const BatchNormStatistics& statistics, double epsilon) {
    std::vector<Side>& sides = sides_.emplace_back();
    for (std::int64_t row = 0; row < shape.images * pixels; ++row)
      for (std::int64_t c = 0; c < shape.wide; ++c) {
        const std::int64_t group = row / (shape.group * pixels), pixel = row % (shape.group * pixels);
        const auto value = static_cast<float>(get(wide, ((group * wide.h + c / 16) * wide.w + pixel) * 16 + c % 16));
        const auto scale = static_cast<float>(get(weights.gamma, c) / std::sqrt(get(statistics.variance, c) + epsilon));
        const auto mean = static_cast<float>(get(statistics.mean, c)), beta = static_cast<float>(get(weights.beta, c));
        sides.push_back(side_of(static_cast<double>(std::fma(value - mean, scale, beta))));
      }
  }

  // What they expand from the centered input with the normalization in the filter.
  void note_expansion(const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
                      const BottleneckSaved& saved, double epsilon) {
    std::vector<Side>& sides = sides_.emplace_back();
    for (std::int64_t row = 0; row < x.rows(); ++row)
      for (std::int64_t c = 0; c < shape.wide; ++c) {
        const float scale = scale_of(weights.bn1, saved.bn1, epsilon, c);
        auto sum = static_cast<float>(get(weights.bn1.beta, c));
        for (std::int64_t i = 0; i < shape.in; ++i) {
          const float centered = x.as<float>()[row * shape.in + i] - saved.input_mean.as<float>()[i];
          sum = std::fma(centered, weights.expand.as<float>()[i * weights.expand.row_stride + c] * scale, sum);
        }
        sides.push_back(side_of(static_cast<double>(sum)));
      }
  }
  static float scale_of(const BatchNormWeights& weights, const BatchNormStatistics& statistics, double epsilon,
                        std::int64_t c) {
    return static_cast<float>(get(weights.gamma, c) / std::sqrt(get(statistics.variance, c) + epsilon));
  }

  Sides sides_;
};

/// The reference in double, whose backward pass takes the sides it is given.
class SidesTaker : public ReferenceBackend<double> {
 public:
  explicit SidesTaker(const Sides& sides) : sides_(sides) {}

  void batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                           const View& y, const BatchNormStatistics& statistics) override {
    ReferenceBackend<double>::batch_norm_training(x, weights, epsilon, act, y, statistics);
    if (act != Activation::relu6) return;
    const std::vector<Side>& taken = sides_.at(places_.size());
    BOOST_REQUIRE_EQUAL(taken.size(), static_cast<std::size_t>(y.size()));
    places_.emplace(y.data, places_.size());
    units_ += y.size();
    double squares = 0;
    for (const double value : numbers(x)) squares += value * value;
    const double rms = std::sqrt(squares / static_cast<double>(x.size()));
    for (std::int64_t i = 0; i < y.size(); ++i) {
      const Side other = taken[static_cast<std::size_t>(i)];
      if (other == side_of(get(y, i))) continue;
      const std::int64_t c = i % x.c;
      const double scale = get(weights.gamma, c) / std::sqrt(get(statistics.variance, c) + epsilon);
      const double input = scale * (get(x, i) - get(statistics.mean, c)) + get(weights.beta, c);
      // Both kinks lie between below and above.
      const bool low = side_of(input) == Side::below || other == Side::below;
      const bool high = side_of(input) == Side::above || other == Side::above;
      const double distance = std::max(low ? std::abs(input) : 0, high ? std::abs(input - 6) : 0);
      farthest_ = std::max(farthest_, distance / (std::abs(scale) * rms));
      ++changed_;
    }
  }

  void batch_norm_backward(const View& x, const View& y, const View& dy, const BatchNormWeights& weights,
                           const BatchNormStatistics& statistics, double epsilon, Activation act, const View& dx,
                           const BatchNormGradients& gradients) override {
    View taken = y;
    std::vector<double> values;
    if (act == Activation::relu6) {
      constexpr double of_side[] = {0, 3, 6};
      for (const Side side : sides_.at(places_.at(y.data))) values.push_back(of_side[static_cast<int>(side)]);
      taken.data = values.data();
    }
    ReferenceBackend<double>::batch_norm_backward(x, taken, dy, weights, statistics, epsilon, act, dx, gradients);
  }

  std::int64_t units() const { return units_; }
  std::int64_t changed() const { return changed_; }  ///< units that would have been on another side
  /// The largest distance of what they normalize from the kink between, by the RMS of the tensor that it is in.
  double farthest() const { return farthest_; }

 private:
  const Sides& sides_;
  std::map<const void*, std::size_t> places_;
  std::int64_t units_ = 0, changed_ = 0;
  double farthest_ = 0;
};

}  // namespace danas::test
