// Optimizers: one pass over weights, gradients and state, bound by memory, 128 bits at a time; for for_each over vectors.
#pragma once

#include "cuda/rows.cuh"

namespace danas::cuda {

constexpr float most_float = 3.40282347e+38F;  ///< finite

/// The rates of the step that the counter names: NaN beyond the table, so that the training is seen to have failed.
struct Rates {
  const double* table;
  const int* counter;
  const int* skip;  ///< or null: never
  int steps;

  __device__ bool skipped() const { return skip != nullptr && *skip != 0; }
  __device__ float of(int column) const {
    const int row = *counter;
    return row >= 0 && row < steps ? static_cast<float>(table[2 * row + column]) : nanf("");
  }
};

/// Vectors of weights, row after row; a row's last one may be shorter.
struct WeightRows {
  Index inputs, columns;  ///< rows of a tap, vectors of a row
  int channels;

  struct Place {
    int tap, channel;
    Index row;
  };
  __device__ Place place(Index i) const {
    const Index row = i < columns ? 0 : i / columns;
    const int tap = row < inputs ? 0 : static_cast<int>(row / inputs);
    return {tap, static_cast<int>(i - row * columns) * Vector<float>::size, row - tap * inputs};
  }
  __device__ void read(const Weights<float>& weights, const Place& at, float (&numbers)[4]) const {
    weights.tap_rows(at.tap).read(at.row, at.channel, channels, numbers);
  }
  __device__ void write(const Weights<float>& weights, const Place& at, const float (&numbers)[4]) const {
    weights.tap_rows(at.tap).write(at.row, at.channel, channels, numbers);
  }
};

struct SgdStep {
  Weights<float> w, g, velocity;
  WeightRows rows;
  Rates rates;
  float momentum, decay;

  __device__ void operator()(Index i) const {
    if (rates.skipped()) return;
    const float rate = rates.of(0);
    const WeightRows::Place at = rows.place(i);
    float weights[4], gradients[4], speeds[4];
    rows.read(w, at, weights);
    rows.read(g, at, gradients);
    rows.read(velocity, at, speeds);
    GPU_UNROLL
    for (int j = 0; j < 4; ++j) {
      speeds[j] = momentum * speeds[j] + gradients[j] + decay * weights[j];
      weights[j] -= rate * speeds[j];
    }
    rows.write(velocity, at, speeds);
    rows.write(w, at, weights);
  }
};

struct AdamStep {
  Weights<float> w, g, m, v;
  WeightRows rows;
  Rates rates;
  float beta1, rest1, beta2, rest2, epsilon;  ///< rest: 1 − β
  float coupled, decoupled;                   ///< weight decay of either kind

  __device__ void operator()(Index i) const {
    if (rates.skipped()) return;
    const float rate = rates.of(0), corrected = rates.of(1);
    const WeightRows::Place at = rows.place(i);
    float weights[4], gradients[4], means[4], squares[4];
    rows.read(w, at, weights);
    rows.read(g, at, gradients);
    rows.read(m, at, means);
    rows.read(v, at, squares);
    GPU_UNROLL
    for (int j = 0; j < 4; ++j) {
      const float weight = weights[j], gradient = gradients[j] + coupled * weight;
      means[j] = beta1 * means[j] + rest1 * gradient;
      squares[j] = beta2 * squares[j] + rest2 * gradient * gradient;
      weights[j] = weight - rate * decoupled * weight - corrected * means[j] / (sqrtf(squares[j]) + epsilon);
    }
    rows.write(m, at, means);
    rows.write(v, at, squares);
    rows.write(w, at, weights);
  }
};

/// sum += share·x.
struct Accumulate {
  Flat<float> x, sum;
  float share;

  __device__ void operator()(Index i) const {
    float numbers[4], sums[4];
    x.read(i, numbers);
    sum.read(i, sums);
    GPU_UNROLL
    for (int j = 0; j < 4; ++j) sums[j] += share * numbers[j];
    sum.write(i, sums);
  }
};

struct ClearFlag {
  int* flag;
  __device__ void operator()(Index) const { *flag = 0; }
};

/// g /= the scale, a power of two; notes where one is not finite.
struct UnscaleGradients {
  Flat<float> g;
  const float* factor;
  int* skip;

  __device__ void operator()(Index i) const {
    const float inverse = 1 / *factor;
    float gradients[4];
    g.read(i, gradients);
    bool all_finite = true;
    GPU_UNROLL
    for (float& gradient : gradients) {
      gradient *= inverse;
      all_finite = all_finite && fabsf(gradient) <= most_float;
    }
    g.write(i, gradients);
    if (!all_finite) atomicExch(skip, 1);
  }
};

/// The loss scale of the next step.
struct NextScale {
  float* factor;  ///< and the number of good steps
  const int* skip;
  float least, most, doubled_after;

  __device__ void operator()(Index) const {
    const float now = factor[0], good_steps = factor[1] + 1;
    const bool skipped = *skip != 0, doubled = !skipped && good_steps >= doubled_after;
    factor[0] = skipped ? fmaxf(now / 2, least) : doubled ? fminf(now * 2, most) : now;
    factor[1] = skipped || doubled ? 0 : good_steps;
  }
};

struct NextStep {
  int* counter;
  __device__ void operator()(Index) const { ++*counter; }
};

}  // namespace danas::cuda
