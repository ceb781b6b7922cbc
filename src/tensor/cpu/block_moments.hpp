// Statistics of a normalization from those of its units of work, joined in double and in their order.
#pragma once

#include <algorithm>
#include <cmath>

#include "tensor/cpu/block_team.hpp"

namespace danas::cpu {

/// Of a unit's rows: the kernels' sums in single precision over a block of rows, in double over the blocks.
class UnitMoments {
 public:
  static Index floats(Index channels) { return 7 * divide_up(channels, plane_channels) * plane_channels; }

  /// In floats(channels) of a worker's memory.
  UnitMoments(float* memory, Index channels) : channels_(channels) {
    Parts parts(memory);
    center_ = parts.take(channels);
    sum_ = parts.take(channels);
    squares_ = parts.take(channels);
    total_ = reinterpret_cast<double*>(parts.take(2 * channels));
    total_squares_ = reinterpret_cast<double*>(parts.take(2 * channels));
    std::fill_n(total_, channels, 0.0);
    std::fill_n(total_squares_, channels, 0.0);
    clear();
  }

  /// For a kernel's next block of rows, the unit's first or another; add() follows.
  Moments block(bool first, Index channel = 0) const {
    return {center_ + channel, sum_ + channel, squares_ + channel, first};
  }
  void add() const {
    for (Index c = 0; c < channels_; ++c) {
      total_[c] += static_cast<double>(sum_[c]);
      total_squares_[c] += static_cast<double>(squares_[c]);
    }
    clear();
  }
  /// Mean and sum of squared deviations of n rows, as pairs.
  void write(Index n, double* pairs) const {
    for (Index c = 0; c < channels_; ++c) {
      const double shift = total_[c] / static_cast<double>(n);
      pairs[2 * c] = static_cast<double>(center_[c]) + shift;
      pairs[2 * c + 1] = total_squares_[c] - total_[c] * shift;
    }
  }

 private:
  void clear() const {
    std::fill_n(sum_, channels_, 0.0f);
    std::fill_n(squares_, channels_, 0.0f);
  }

  Index channels_;
  float *center_, *sum_, *squares_;
  double *total_, *total_squares_;
};

/// Joins the pairs of units whose rows are counted by rows(unit), in two passes: unit u's begin at pairs + u·stride.
template <class Rows>
void join_moments(const double* pairs, Index units, Index stride, Index channels, const Rows& rows,
                  const BatchNormStatistics& statistics) {
  constexpr Index block = 16;  // channels whose sums stay near
  for (Index first = 0; first < channels; first += block) {
    const Index width = std::min(block, channels - first);
    double count = 0, mean[block] = {}, squares[block] = {};
    for (Index unit = 0; unit < units; ++unit) {
      const double* pair = pairs + unit * stride + 2 * first;
      const auto n = static_cast<double>(rows(unit));
      for (Index c = 0; c < width; ++c) mean[c] += n * pair[2 * c];
      count += n;
    }
    for (Index c = 0; c < width; ++c) mean[c] /= count;
    for (Index unit = 0; unit < units; ++unit) {
      const double* pair = pairs + unit * stride + 2 * first;
      const auto n = static_cast<double>(rows(unit));
      for (Index c = 0; c < width; ++c) {
        const double distance = pair[2 * c] - mean[c];
        squares[c] += pair[2 * c + 1] + n * distance * distance;
      }
    }
    for (Index c = 0; c < width; ++c) {
      statistics.mean.as<float>()[first + c] = static_cast<float>(mean[c]);
      statistics.variance.as<float>()[first + c] = static_cast<float>(std::max(0.0, squares[c] / count));
    }
  }
}

/// A normalization as the kernels take it: (x − mean)·scale + shift, zeros beyond the last channel.
struct Normalization {
  float *mean, *scale, *shift;

  static Normalization take(Parts& parts, Index padded) {
    float* mean = parts.take(padded);
    float* scale = parts.take(padded);
    return {mean, scale, parts.take(padded)};
  }
  void set(const BatchNormStatistics& statistics, const BatchNormWeights& weights, double epsilon, Index channels,
           Index padded) const {
    pad_vector(statistics.mean.as<const float>(), channels, padded, mean);
    pad_vector(weights.beta.as<const float>(), channels, padded, shift);
    for (Index c = 0; c < channels; ++c)
      scale[c] = static_cast<float>(static_cast<double>(weights.gamma.as<const float>()[c]) /
                                    std::sqrt(static_cast<double>(statistics.variance.as<const float>()[c]) + epsilon));
    std::fill(scale + channels, scale + padded, 0.0f);
  }
};

}  // namespace danas::cpu
