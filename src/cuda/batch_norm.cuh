// Batch normalization once the sums over rows (channel_sums.cuh) are known, and what becomes of statistics. For for_each,
// over elements or over channels.
#pragma once

#include "cuda/activation.cuh"

namespace danas::cuda {

/// y = act(γ·(x − mean)/√(variance + ε) + β), a Spread's rows. Reads x, writes y, 128 bits at a time.
template <class Element>
struct Normalize {
  Spread spread;
  Rows<Element> x;
  const float *gamma, *beta, *mean, *variance;
  Rows<Element> y;
  float epsilon;
  Activation act;
  static constexpr int size = Vector<Element>::size;

  __device__ void operator()(Index i) const {
    const int c = spread.channel(i, size), channels = spread.channels;
    float scale[size], center[size], shift[size], deviation[size];
    read_channels(gamma, c, channels, scale);
    read_channels(beta, c, channels, shift);
    read_channels(mean, c, channels, center);
    read_channels(variance, c, channels, deviation);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) scale[j] /= sqrtf(deviation[j] + epsilon);
    for (Index row = spread.first_row(i); row < spread.rows; row += spread.groups) {
      float numbers[size];
      x.read(row, c, channels, numbers);
      GPU_UNROLL
      for (int j = 0; j < size; ++j) numbers[j] = activated(scale[j] * (numbers[j] - center[j]) + shift[j], act);
      y.write(row, c, channels, numbers);
    }
  }
};

/// dx from dy and the gradients of γ and β, a Spread's rows. Reads x, dy and, where there is an activation, y; writes dx,
/// which may be dy; 128 bits at a time.
template <class Element>
struct NormalizeBackward {
  static constexpr int resident_blocks = 3;

  Spread spread;
  Rows<Element> x, y, dy;
  const float *gamma, *mean, *variance, *dgamma, *dbeta;
  Rows<Element> dx;
  float epsilon, inverse_rows;
  Activation act;
  static constexpr int size = Vector<Element>::size;

  __device__ void operator()(Index i) const {
    const int c = spread.channel(i, size), channels = spread.channels;
    float scale[size], center[size], inverse_deviation[size], along_x[size], shift[size];
    read_channels(gamma, c, channels, scale);
    read_channels(mean, c, channels, center);
    read_channels(variance, c, channels, inverse_deviation);
    read_channels(dgamma, c, channels, along_x);
    read_channels(dbeta, c, channels, shift);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) {
      inverse_deviation[j] = 1 / sqrtf(inverse_deviation[j] + epsilon);
      scale[j] *= inverse_deviation[j];
    }
    for (Index row = spread.first_row(i); row < spread.rows; row += spread.groups) {
      float numbers[size], gradients[size];
      x.read(row, c, channels, numbers);
      dy.read(row, c, channels, gradients);
      mask(y, row, c, channels, act, gradients);
      GPU_UNROLL
      for (int j = 0; j < size; ++j) {
        const float normalized = (numbers[j] - center[j]) * inverse_deviation[j];
        gradients[j] = scale[j] * (gradients[j] - (shift[j] + normalized * along_x[j]) * inverse_rows);
      }
      dx.write(row, c, channels, gradients);
    }
  }
};

/// running = momentum·running + (1 − momentum)·batch.
struct UpdateRunning {
  const float *mean, *variance;
  float *running_mean, *running_variance;
  float momentum, rest;

  __device__ void operator()(Index c) const {
    running_mean[c] = momentum * running_mean[c] + rest * mean[c];
    running_variance[c] = momentum * running_variance[c] + rest * variance[c];
  }
};

/// Chan, Golub, LeVeque (1979): a batch of `count` rows joins the pooled ones; the number of rows is added after.
struct AccumulateMoments {
  const float *mean, *variance;
  double *pooled_mean, *pooled_squares;
  const double* rows;
  double count;

  __device__ void operator()(Index c) const {
    const double before = rows[0], all = before + count, delta = static_cast<double>(mean[c]) - pooled_mean[c];
    pooled_mean[c] += delta * count / all;
    pooled_squares[c] += count * static_cast<double>(variance[c]) + delta * delta * before * count / all;
  }
};
struct AddRows {
  double* rows;
  double count;

  __device__ void operator()(Index) const { rows[0] += count; }
};

struct StoreMoments {
  const double *pooled_mean, *pooled_squares, *rows;
  float *running_mean, *running_variance;

  __device__ void operator()(Index c) const {
    running_mean[c] = static_cast<float>(pooled_mean[c]);
    running_variance[c] = static_cast<float>(pooled_squares[c] / rows[0]);
  }
};

/// γ/√(variance + ε) of channel o, in doubles: filters are small.
struct FoldingScale {
  const float *gamma, *variance;
  double epsilon;

  __device__ double of(Index o) const {
    return static_cast<double>(gamma[o]) / sqrt(static_cast<double>(variance[o]) + epsilon);
  }
};

template <class Element>
struct FoldFilter {
  FoldingScale scale;
  Weights<Element> w;
  Element* folded;
  int in, out;

  __device__ void operator()(Index i) const {
    const int o = static_cast<int>(i % out), row = static_cast<int>(i / out);
    const double filter = static_cast<double>(number(w.at(row / in, row % in, o)));
    folded[i] = rounded<Element>(static_cast<float>(scale.of(o) * filter));
  }
};
struct FoldBias {
  FoldingScale scale;
  const float *beta, *mean;
  float* bias;

  __device__ void operator()(Index o) const {
    bias[o] = static_cast<float>(static_cast<double>(beta[o]) - scale.of(o) * static_cast<double>(mean[o]));
  }
};

}  // namespace danas::cuda
