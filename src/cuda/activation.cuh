// Activations within other kernels.
#pragma once

#include "cuda/rows.cuh"
#include "tensor/activation.hpp"

namespace danas::cuda {

__device__ inline float activated(float x, Activation act) {
  switch (act) {
    case Activation::none: break;
    case Activation::relu: return x > 0 ? x : 0;
    case Activation::relu6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case Activation::sigmoid: return 1 / (1 + expf(-x));
  }
  return x;
}

/// The derivative, from the activated number.
__device__ inline float slope(float y, Activation act) {
  switch (act) {
    case Activation::none: break;
    case Activation::relu: return y > 0 ? 1 : 0;
    case Activation::relu6: return y > 0 && y < 6 ? 1 : 0;
    case Activation::sigmoid: return y * (1 - y);
  }
  return 1;
}

/// Gradients of activated numbers become those of what was activated; y is not read where nothing was.
template <class Element, int size>
__device__ void mask(const Rows<Element>& y, Index row, int c, int channels, Activation act, float (&gradients)[size]) {
  if (act == Activation::none) return;
  float numbers[size];
  y.read(row, c, channels, numbers);
  GPU_UNROLL
  for (int j = 0; j < size; ++j) gradients[j] *= slope(numbers[j], act);
}

/// What an epilogue does with a sum of channel o; bias may be absent (null).
__device__ inline float finished(float sum, const float* bias, int o, Activation act) {
  return activated(bias != nullptr ? sum + bias[o] : sum, act);
}

}  // namespace danas::cuda
