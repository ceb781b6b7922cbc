// Normalization of what is read, on the way: nothing is written but what convolutions give, and the gradients of what was
// normalized. Coefficients by channel (tensor/normalized_on_load.hpp) are read from the caches, 128 bits at a time.
#pragma once

#include "cuda/activation.cuh"
#include "cuda/rows.cuh"

namespace danas::cuda {

/// Three numbers for each channel: [3][stride], zeros beyond the channels up to the stride, a multiple of 8.
struct Coefficients {
  const float* numbers;
  int stride;

  template <int count>
  __device__ void read(int which, int c, float (&to)[count]) const {
    constexpr int together = count < 4 ? count : 4;
    const float* const from = numbers + which * stride + c;
    GPU_UNROLL
    for (int j = 0; j < count; j += together) {
      const auto few = *reinterpret_cast<const Few<float, together>*>(from + j);
      GPU_UNROLL
      for (int k = 0; k < together; ++k) to[j + k] = few.at[k];
    }
  }
};

/// A normalization: z = act(scale·y + shift), rounded as it would have been stored.
template <class Element>
struct Normalization {
  Coefficients of;
  Activation act;
  static constexpr int scales = 0, shifts = 1, means = 2;

  /// The numbers of channels c and on become normalized ones.
  template <int size>
  __device__ void apply(int c, float (&numbers)[size]) const {
    float scale[size], shift[size];
    of.read(scales, c, scale);
    of.read(shifts, c, shift);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) numbers[j] = normalized(numbers[j], scale[j], shift[j], act);
  }
  __device__ static float normalized(float x, float scale, float shift, Activation act) {
    return number(rounded<Element>(activated(scale * x + shift, act)));
  }
};

/// Rows of normalized numbers, of the numbers before: a factor of products.
template <class Element>
struct NormalizedRows {
  Rows<Element> rows;
  Normalization<Element> normalization;
  int channels;
  static constexpr bool plain = true;

  __device__ Vector<Element> operator()(int row, int k) const {
    if (k >= channels) return {};
    float numbers[Vector<Element>::size];
    rows.read(row, k, channels, numbers);
    normalization.apply(k, numbers);
    return rounded_vector<Element>(numbers);
  }
};

/// The gradient of the numbers before a normalization: a·dz + b·y + c, of its masked gradient; where `masked` is not set, dz
/// is that after the activation.
template <class Element, bool masked>
struct GradientRows {
  Rows<Element> gradients, y;
  Coefficients slopes;
  Normalization<Element> normalization;  ///< where `masked` is not set
  int channels;
  static constexpr bool plain = true;

  __device__ Vector<Element> operator()(int row, int k) const {
    constexpr int size = Vector<Element>::size;
    if (k >= channels) return {};
    float dz[size], numbers[size];
    gradients.read(row, k, channels, dz);
    y.read(row, k, channels, numbers);
    if constexpr (!masked) {
      float z[size];
      GPU_UNROLL
      for (int j = 0; j < size; ++j) z[j] = numbers[j];
      normalization.apply(k, z);
      GPU_UNROLL
      for (int j = 0; j < size; ++j) dz[j] *= slope(z[j], normalization.act);
    }
    float a[size], b[size], c[size];
    slopes.read(0, k, a);
    slopes.read(1, k, b);
    slopes.read(2, k, c);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) dz[j] = a[j] * dz[j] + (b[j] * numbers[j] + c[j]);
    return rounded_vector<Element>(dz);
  }
};

/// y = act(scale·x + shift), plus a residual or not, a Spread's rows. Reads x and the residual, writes y, 128 bits at a time.
template <class Element>
struct NormalizeRows {
  Spread spread;
  Rows<Element> x;
  Normalization<Element> normalization;
  Rows<Element> residual, y;  ///< residual.data null: none
  static constexpr int size = Vector<Element>::size;

  __device__ void operator()(Index i) const {
    const int c = spread.channel(i, size), channels = spread.channels;
    float scale[size], shift[size];
    normalization.of.read(normalization.scales, c, scale);
    normalization.of.read(normalization.shifts, c, shift);
    for (Index row = spread.first_row(i); row < spread.rows; row += spread.groups) {
      float numbers[size];
      x.read(row, c, channels, numbers);
      GPU_UNROLL
      for (int j = 0; j < size; ++j)
        numbers[j] = normalization.normalized(numbers[j], scale[j], shift[j], normalization.act);
      if (residual.data != nullptr) {
        float others[size];
        residual.read(row, c, channels, others);
        GPU_UNROLL
        for (int j = 0; j < size; ++j) numbers[j] += others[j];
      }
      y.write(row, c, channels, numbers);
    }
  }
};

/// Σ dz·(y − mean) and Σ dz over rows, dz the gradient after the activation, which is masked here; for channel_parts.
template <class Element, bool masked>
struct GradientSums {
  Rows<Element> y, gradients;
  Normalization<Element> normalization;
  int channels;
  static constexpr int count = 2, size = Vector<Element>::size;

  struct Known {
    float scale[masked ? 1 : size], shift[masked ? 1 : size], mean[size];
  };
  __device__ Known column(int c) const {
    Known known;
    if constexpr (!masked) {
      normalization.of.read(normalization.scales, c, known.scale);
      normalization.of.read(normalization.shifts, c, known.shift);
    }
    normalization.of.read(normalization.means, c, known.mean);
    return known;
  }
  __device__ void add(int row, int c, const Known& known, float (*sums)[size]) const {
    float numbers[size], dz[size];
    y.read(row, c, channels, numbers);
    gradients.read(row, c, channels, dz);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) {
      if constexpr (!masked)
        dz[j] *= slope(normalization.normalized(numbers[j], known.scale[j], known.shift[j], normalization.act),
                       normalization.act);
      sums[0][j] += dz[j] * (numbers[j] - known.mean[j]);
      sums[1][j] += dz[j];
    }
  }
};

/// Mean and variance from Σ y and Σ y², in doubles, and the normalization that they make; for ChannelTotals.
struct FinishMoments {
  float *mean, *variance;
  const float *gamma, *beta;
  float* coefficients;
  int channels, stride;
  double rows, epsilon;
  static constexpr int count = 2;

  __device__ void finish(int c, const double* totals) const {
    const double center = totals[0] / rows, spread = totals[1] / rows - center * center;
    mean[c] = static_cast<float>(center);
    variance[c] = static_cast<float>(spread > 0 ? spread : 0.0);
    const double scale = static_cast<double>(gamma[c]) / sqrt(static_cast<double>(variance[c]) + epsilon);
    const double shift = static_cast<double>(beta[c]) - center * scale;
    leave(coefficients, stride, channels, c, scale, shift, center);
  }
  /// The last channel clears what is beyond the channels.
  __device__ static void leave(float* coefficients, int stride, int channels, int c, double first, double second,
                               double third) {
    coefficients[c] = static_cast<float>(first);
    coefficients[stride + c] = static_cast<float>(second);
    coefficients[2 * stride + c] = static_cast<float>(third);
    for (int beyond = channels; c + 1 == channels && beyond < stride; ++beyond)
      coefficients[beyond] = coefficients[stride + beyond] = coefficients[2 * stride + beyond] = 0;
  }
};

/// Gradients of γ and β from Σ dz·(y − mean) and Σ dz, and what the gradient of y follows from.
struct FinishGradients {
  const float *mean, *variance, *gamma;
  float *dgamma, *dbeta, *coefficients;
  int channels, stride;
  double rows, epsilon;
  static constexpr int count = 2;

  __device__ void finish(int c, const double* totals) const {
    const double inverse = 1 / sqrt(static_cast<double>(variance[c]) + epsilon), along = totals[0] * inverse;
    dgamma[c] = static_cast<float>(along);
    dbeta[c] = static_cast<float>(totals[1]);
    const double a = static_cast<double>(gamma[c]) * inverse, b = -a * inverse * along / rows;
    FinishMoments::leave(coefficients, stride, channels, c, a, b,
                         -a * totals[1] / rows - b * static_cast<double>(mean[c]));
  }
};

}  // namespace danas::cuda
