#include "data/audio/mfcc.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace danas {

namespace {

constexpr int half_width = 4;
using Weights = std::array<double, 2 * half_width + 1>;

// Over x = -4 … 4 the powers 1, x and x² - 20/3 are orthogonal, with Σx² = 60 and Σ(x² - 20/3)² = 308; the second
// derivative of the last is 2.
Weights derivative_weights(int order) {
  Weights weights{};
  for (int x = -half_width; x <= half_width; ++x)
    weights[static_cast<std::size_t>(x + half_width)] = order == 1 ? x / 60.0 : 2 * (x * x - 20 / 3.0) / 308;
  return weights;
}

}  // namespace

FeatureMap mfcc(const FeatureMap& decibels) {
  FeatureMap map(mfcc_count, decibels.frames);
  const auto rows = static_cast<double>(decibels.rows);
  for (std::size_t k = 0; k < mfcc_count; ++k) {
    const double scale = std::sqrt((k == 0 ? 1 : 2) / rows);
    const std::span<float> sums = map.row(k);
    for (std::size_t n = 0; n < decibels.rows; ++n) {
      const double angle = std::numbers::pi * static_cast<double>(k * (2 * n + 1)) / (2 * rows);
      const auto weight = static_cast<float>(scale * std::cos(angle));
      const std::span<const float> values = decibels.row(n);
      for (std::size_t t = 0; t < sums.size(); ++t) sums[t] += weight * values[t];
    }
  }
  return map;
}

FeatureMap derivative(const FeatureMap& map, int order) {
  const Weights weights = derivative_weights(order);
  FeatureMap result(map.rows, map.frames);
  const auto last = static_cast<std::ptrdiff_t>(map.frames) - 1;
  for (std::size_t i = 0; i < map.rows; ++i)
    for (std::ptrdiff_t t = 0; t <= last; ++t) {
      double sum = 0;
      for (std::ptrdiff_t x = -half_width; x <= half_width; ++x)
        sum += weights[static_cast<std::size_t>(x + half_width)] *
               double{map.row(i)[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(t + x, 0, last))]};
      result.row(i)[static_cast<std::size_t>(t)] = static_cast<float>(sum);
    }
  return result;
}

FeatureMap stacked_mfcc(const FeatureMap& decibels) {
  FeatureMap stacked(3 * mfcc_count, decibels.frames);
  const FeatureMap coefficients = mfcc(decibels);
  float* to = stacked.values.data();
  for (const FeatureMap& part : {coefficients, derivative(coefficients, 1), derivative(coefficients, 2)})
    to = std::copy(part.values.begin(), part.values.end(), to);
  return stacked;
}

}  // namespace danas
