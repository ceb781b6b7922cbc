// Optimizers: one pass over weights, gradients and state, bound by memory; for for_each.
#pragma once

#include "cuda/gpu.cuh"

namespace danas::cuda {

/// The rates of the step that the counter names: NaN beyond the table, so that the training is seen to have failed.
struct Rates {
  const double* table;
  const int* counter;
  int steps;

  __device__ float of(int column) const {
    const int row = *counter;
    return row >= 0 && row < steps ? static_cast<float>(table[2 * row + column]) : nanf("");
  }
};

struct SgdStep {
  float* w;
  const float* g;
  float* velocity;
  Rates rates;
  float momentum, decay;

  __device__ void operator()(Index i) const {
    const float next = momentum * velocity[i] + g[i] + decay * w[i];
    velocity[i] = next;
    w[i] -= rates.of(0) * next;
  }
};

struct AdamStep {
  float* w;
  const float* g;
  float *m, *v;
  Rates rates;
  float beta1, rest1, beta2, rest2, epsilon;  ///< rest: 1 − β
  float coupled, decoupled;                   ///< weight decay of either kind

  __device__ void operator()(Index i) const {
    const float gradient = g[i] + coupled * w[i];
    const float mean = beta1 * m[i] + rest1 * gradient, square = beta2 * v[i] + rest2 * gradient * gradient;
    m[i] = mean;
    v[i] = square;
    w[i] = w[i] - rates.of(0) * decoupled * w[i] - rates.of(1) * mean / (sqrtf(square) + epsilon);
  }
};

struct NextStep {
  int* counter;
  __device__ void operator()(Index) const { ++*counter; }
};

}  // namespace danas::cuda
