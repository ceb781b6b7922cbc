// Batch normalization once the sums over rows (channel_sums.cuh) are known, and what becomes of statistics. For for_each,
// over elements or over channels.
#pragma once

#include "cuda/activation.cuh"

namespace danas::cuda {

/// y = act(γ·(x − mean)/√(variance + ε) + β). Reads x, writes y.
struct Normalize {
  const float *x, *gamma, *beta, *mean, *variance;
  float* y;
  float epsilon;
  Activation act;
  int channels;

  __device__ void operator()(Index i) const {
    const int c = static_cast<int>(i % channels);
    const float scale = gamma[c] / sqrtf(variance[c] + epsilon);
    y[i] = activated(scale * (x[i] - mean[c]) + beta[c], act);
  }
};

/// dx from dy and the gradients of γ and β. Reads x, dy and, where there is an activation, y; writes dx, which may be dy.
struct NormalizeBackward {
  const float *x, *y, *dy, *gamma, *mean, *variance, *dgamma, *dbeta;
  float* dx;
  float epsilon, inverse_rows;
  Activation act;
  int channels;

  __device__ void operator()(Index i) const {
    const int c = static_cast<int>(i % channels);
    const float inverse_deviation = 1 / sqrtf(variance[c] + epsilon);
    const float masked = act == Activation::none ? dy[i] : dy[i] * slope(y[i], act);
    const float normalized = (x[i] - mean[c]) * inverse_deviation;
    dx[i] = gamma[c] * inverse_deviation * (masked - (dbeta[c] + normalized * dgamma[c]) * inverse_rows);
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

struct FoldFilter {
  FoldingScale scale;
  Weights w;
  float* folded;
  int in, out;

  __device__ void operator()(Index i) const {
    const int o = static_cast<int>(i % out), row = static_cast<int>(i / out);
    folded[i] = static_cast<float>(scale.of(o) * static_cast<double>(w.at(row / in, row % in, o)));
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
