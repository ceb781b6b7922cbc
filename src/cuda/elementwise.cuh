// One pass over the operands each, bound by memory: for for_each.
#pragma once

#include "cuda/activation.cuh"

namespace danas::cuda {

struct Activate {
  const float* x;
  float* y;
  Activation act;

  __device__ void operator()(Index i) const { y[i] = activated(x[i], act); }
};

struct ActivateBackward {
  const float *y, *dy;
  float* dx;
  Activation act;

  __device__ void operator()(Index i) const { dx[i] = dy[i] * slope(y[i], act); }
};

struct Add {
  const float *a, *b;
  float* y;

  __device__ void operator()(Index i) const { y[i] = a[i] + b[i]; }
};

/// The mean of an image's pixels by channel; i counts images and channels.
struct Pool {
  const float* x;
  float* y;
  int pixels, channels;

  __device__ void operator()(Index i) const {
    const float* const first = x + i / channels * pixels * channels + i % channels;
    float sum = 0;
    for (int pixel = 0; pixel < pixels; ++pixel) sum += first[Index{pixel} * channels];
    y[i] = sum / static_cast<float>(pixels);
  }
};

struct PoolBackward {
  const float* dy;
  float* dx;
  int pixels, channels;

  __device__ void operator()(Index i) const {
    const Index image = i / channels / pixels;
    dx[i] = dy[image * channels + i % channels] / static_cast<float>(pixels);
  }
};

// Filters, between the gaps.
struct CopyFilter {
  Weights from, to;
  int in, out;

  __device__ void operator()(Index i) const {
    const int o = static_cast<int>(i % out), row = static_cast<int>(i / out);
    to.at(row / in, row % in, o) = from.at(row / in, row % in, o);
  }
};
struct ClearFilter {
  Weights filter;
  int in, out;

  __device__ void operator()(Index i) const {
    const int row = static_cast<int>(i / out);
    filter.at(row / in, row % in, static_cast<int>(i % out)) = 0;
  }
};

}  // namespace danas::cuda
