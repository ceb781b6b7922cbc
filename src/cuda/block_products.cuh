// The products of layers with batch normalization: as those of product.cuh, and a block leaves a part of the sums that
// the normalization, or its gradient, begins with: several tiles of rows a block, so that parts are few. Beside the tile a
// thread has two sums for each of its channels, and a tile's width of numbers is in shared memory.
#pragma once

#include "cuda/on_load.cuh"
#include "cuda/parts.cuh"
#include "cuda/product.cuh"

namespace danas::cuda {

/// y = x·w, and Σ y and Σ y² of each block's rows: gathered as distances from the block's first row, which costs no digits,
/// and left in doubles.
template <class Element, class Left>
struct MomentsProduct : ForwardProduct<Element, Left> {
  int tiles = 1;
  double* parts = nullptr;
  static constexpr bool summed = true, centered = true;

  template <int size>
  __device__ void store(int m, int n, float (&numbers)[size], const float* center, float (&sums)[2][size]) const {
    GPU_UNROLL
    for (int j = 0; j < size; ++j) {
      numbers[j] = number(rounded<Element>(numbers[j]));
      const float distance = numbers[j] - center[j];
      sums[0][j] += distance;
      sums[1][j] += distance * distance;
    }
    this->y.write(m, n, this->width, numbers);
  }
  __device__ void leave(int n, int rows, double center, double distances, double squares) const {
    leave_moments(parts, this->width, n, rows, center, distances, squares);
  }
};

/// dz = (dy·wᵀ)·act'(z), z normalized from y as it is read, and Σ dz·(y − mean), Σ dz of each block's rows.
template <class Element, class Left>
struct MaskedInputProduct : InputProduct<Element, Left> {
  Rows<Element> y = {};
  Normalization<Element> normalization = {};
  int tiles = 1;
  double* parts = nullptr;
  static constexpr bool summed = true, centered = false;

  template <int size>
  __device__ void store(int m, int n, float (&numbers)[size], const float*, float (&sums)[2][size]) const {
    float before[size], z[size], mean[size];
    y.read(m, n, this->width, before);
    normalization.of.read(normalization.means, n, mean);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) z[j] = before[j];
    normalization.apply(n, z);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) {
      numbers[j] = number(rounded<Element>(numbers[j] * slope(z[j], normalization.act)));
      sums[0][j] += numbers[j] * (before[j] - mean[j]);
      sums[1][j] += numbers[j];
    }
    this->dx.write(m, n, this->width, numbers);
  }
  __device__ void leave(int n, int, double, double along, double all) const {
    leave_pair(parts, this->width, n, along, all);
  }
};

/// dx = dy·wᵀ + what came another way.
template <class Element, class Left>
struct ResidualInputProduct : InputProduct<Element, Left> {
  Rows<Element> other = {};

  template <int size>
  __device__ void store(int m, int n, float (&numbers)[size]) const {
    float others[size];
    other.read(m, n, this->width, others);
    GPU_UNROLL
    for (int j = 0; j < size; ++j) numbers[j] += others[j];
    this->dx.write(m, n, this->width, numbers);
  }
};

}  // namespace danas::cuda
