// One pass over the operands each, bound by memory, 128 bits at a time where they lie so: for for_each, over vectors.
#pragma once

#include "cuda/activation.cuh"

namespace danas::cuda {

template <class Element>
struct Activate {
  Flat<Element> x, y;
  Activation act;

  __device__ void operator()(Index i) const {
    float numbers[Vector<Element>::size];
    x.read(i, numbers);
    GPU_UNROLL
    for (float& each : numbers) each = activated(each, act);
    y.write(i, numbers);
  }
};

template <class Element>
struct ActivateBackward {
  Flat<Element> y, dy, dx;
  Activation act;

  __device__ void operator()(Index i) const {
    float numbers[Vector<Element>::size], gradients[Vector<Element>::size];
    y.read(i, numbers);
    dy.read(i, gradients);
    GPU_UNROLL
    for (int j = 0; j < Vector<Element>::size; ++j) gradients[j] *= slope(numbers[j], act);
    dx.write(i, gradients);
  }
};

template <class Element>
struct Add {
  Flat<Element> a, b, y;

  __device__ void operator()(Index i) const {
    float left[Vector<Element>::size], right[Vector<Element>::size];
    a.read(i, left);
    b.read(i, right);
    GPU_UNROLL
    for (int j = 0; j < Vector<Element>::size; ++j) left[j] += right[j];
    y.write(i, left);
  }
};

/// Weights as what activations are computed with.
template <class Element>
struct Cast {
  Flat<float> from;
  Flat<Element> to;

  __device__ void operator()(Index i) const {
    float numbers[Vector<Element>::size];
    from.read(i, numbers);
    to.write(i, numbers);
  }
};

/// For [row, vector of channels].
template <class Element>
struct PoolBackward {
  Rows<Element> dy, dx;
  int pixels, channels, columns;
  static constexpr int size = Vector<Element>::size;

  __device__ void operator()(Index i) const {
    const int c = static_cast<int>(i % columns) * size;
    float gradients[size];
    dy.read(i / columns / pixels, c, channels, gradients);
    GPU_UNROLL
    for (float& gradient : gradients) gradient /= static_cast<float>(pixels);
    dx.write(i / columns, c, channels, gradients);
  }
};

// Filters, between the gaps.
template <class Element>
struct CopyFilter {
  Weights<Element> from, to;
  int in, out;

  __device__ void operator()(Index i) const {
    const int o = static_cast<int>(i % out), row = static_cast<int>(i / out);
    to.at(row / in, row % in, o) = from.at(row / in, row % in, o);
  }
};
template <class Element>
struct ClearFilter {
  Weights<Element> filter;
  int in, out;

  __device__ void operator()(Index i) const {
    const int row = static_cast<int>(i / out);
    filter.at(row / in, row % in, static_cast<int>(i % out)) = rounded<Element>(0);
  }
};

}  // namespace danas::cuda
