// Filters as cuDNN has them, [out][tap][in] without gaps, from those of danas and back; and what an epilogue does, where
// the convolution before it has none. Of these, filters are small beside the activations that they meet.
#pragma once

#include "cuda/activation.cuh"
#include "cuda/rows.cuh"

namespace danas::cuda {

/// For every weight.
template <class Element>
struct PackFilter {
  Weights<Element> from;
  Element* to;
  int taps, in, out;

  __device__ void operator()(Index i) const {
    const int o = static_cast<int>(i % out), row = static_cast<int>(i / out), tap = row / in, channel = row % in;
    to[(Index{o} * taps + tap) * in + channel] = from.at(tap, channel, o);
  }
};

struct UnpackFilter {
  const float* from;
  Weights<float> to;
  int taps, in, out;

  __device__ void operator()(Index i) const {
    const int o = static_cast<int>(i % out), row = static_cast<int>(i / out), tap = row / in, channel = row % in;
    to.at(tap, channel, o) = from[(Index{o} * taps + tap) * in + channel];
  }
};

/// y = act(y + bias), for [row, vector of channels]. Reads and writes y once.
template <class Element>
struct Finish {
  Rows<Element> y;
  const float* bias;  ///< or null
  Activation act;
  int channels, columns;
  static constexpr int size = Vector<Element>::size;

  __device__ void operator()(Index i) const {
    const int c = static_cast<int>(i % columns) * size;
    float numbers[size];
    y.read(i / columns, c, channels, numbers);
    GPU_UNROLL
    for (int j = 0; j < size; ++j)
      if (c + j < channels) numbers[j] = finished(numbers[j], bias, c + j, act);
    y.write(i / columns, c, channels, numbers);
  }
};

}  // namespace danas::cuda
