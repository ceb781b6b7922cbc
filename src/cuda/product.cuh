// Matrix products: dense layers, 1×1 convolutions and, with a gathered left factor (implicit products, nothing is copied
// out), convolutions of any kernel; their gradients by input and by filter.
//
// sums[height, width] = Σ over depth of left(m, k)·right(k, n). A block of 128 threads makes a tile of 4096 sums, 8×4 a
// thread in registers: 64×64, 128×32 or 256×16, as narrow as the product (8 … 96 channels are the rule). Of each factor a
// slab of 16 numbers in depth is in shared memory, 8.7 to 18 KiB in all: an element is read width/64 (height/64) times
// from memory and its caches, 3 of 16 shared loads of 128 bits feed 32 multiplications. Every sum is over k in its order.
#pragma once

#include "cuda/activation.cuh"
#include "cuda/window.cuh"

namespace danas::cuda {

constexpr int product_threads = 128, product_depth = 16;

/// A tile so many columns wide.
template <int columns>
struct Tile {
  static constexpr int width = columns, rows_of_threads = product_threads / (columns / 4), height = 8 * rows_of_threads;
};

// Left factors, element (row, k).

/// Rows as they lie in memory.
struct PlainRows {
  const float* data;
  int channels;
  static constexpr bool plain = true;
  __device__ float operator()(int row, int k) const { return data[Index{row} * channels + k]; }
};

/// Of y's pixel `row` what it sees of x, tap by tap.
struct SeenRows {
  const float* x;
  int channels;
  Window window;
  static constexpr bool plain = false;
  __device__ float operator()(int row, int k) const {
    const int tap = k / channels;
    const Index pixel = window.seen(row, tap);
    return pixel < 0 ? 0 : x[pixel * channels + (k - tap * channels)];
  }
};

/// Of x's pixel `row` the gradients of the pixels of y that see it, tap by tap.
struct SeeingRows {
  const float* dy;
  int channels;
  Window window;
  static constexpr bool plain = false;
  __device__ float operator()(int row, int k) const {
    const int tap = k / channels;
    const Index pixel = window.seeing(row, tap);
    return pixel < 0 ? 0 : dy[pixel * channels + (k - tap * channels)];
  }
};

// Products: how large, their factors, where the sums go. `part` is how much of the depth one block of the grid's z does.

/// y = act(x·w + bias), k = (tap, i).
template <class Rows>
struct ForwardProduct {
  Rows rows;
  Weights w;
  const float* bias;
  Activation act;
  float* y;
  int height, width, depth, part;
  static constexpr bool left_along_depth = true, right_along_depth = false;  // how the factors lie in memory

  __device__ float left(int m, int k) const { return rows(m, k); }
  __device__ float right(int k, int n) const {
    const int tap = Rows::plain ? 0 : k / rows.channels;
    return w.at(tap, k - tap * rows.channels, n);
  }
  __device__ void store(int m, int n, float sum) const { y[Index{m} * width + n] = finished(sum, bias, n, act); }
};

/// dx = dy·wᵀ, k = (tap, o).
template <class Rows>
struct InputProduct {
  Rows rows;
  Weights w;
  float* dx;
  int height, width, depth, part;
  static constexpr bool left_along_depth = true, right_along_depth = true;

  __device__ float left(int m, int k) const { return rows(m, k); }
  __device__ float right(int k, int n) const {
    const int tap = Rows::plain ? 0 : k / rows.channels;
    return w.at(tap, n, k - tap * rows.channels);
  }
  __device__ void store(int m, int n, float sum) const { dx[Index{m} * width + n] = sum; }
};

/// dw = xᵀ·dy, k = the row, m = (tap, i); each part of the rows has a filter of its own, `part_stride` from the next.
template <class Rows>
struct FilterProduct {
  Rows rows;
  const float* dy;
  Weights dw;
  Index part_stride;
  int height, width, depth, part;
  static constexpr bool left_along_depth = false, right_along_depth = false;

  __device__ float left(int m, int k) const { return rows(k, m); }
  __device__ float right(int k, int n) const { return dy[Index{k} * width + n]; }
  __device__ void store(int m, int n, float sum) const {
    const int tap = Rows::plain ? 0 : m / rows.channels;
    (&dw.at(tap, m - tap * rows.channels, n))[blockIdx.z * part_stride] = sum;
  }
};

/// Fills a slab of shared memory: element(i, k), neighboring threads along what is contiguous in memory. Four loads are
/// under way at a time: more would need the registers that the sums are in.
template <bool along_depth, int extent, class Element>
__device__ void load_slab(float (*slab)[extent + 4], const Element& element) {
  GPU_UNROLL_4
  for (int at = static_cast<int>(threadIdx.x); at < product_depth * extent; at += product_threads) {
    const int k = along_depth ? at % product_depth : at / extent, i = along_depth ? at / product_depth : at % extent;
    slab[k][i] = element(i, k);
  }
}

template <class T, class Problem>
__global__ void __launch_bounds__(product_threads) product(Problem problem) {
  GPU_SHARED(float, left, [product_depth][T::height + 4]);
  GPU_SHARED(float, right, [product_depth][T::width + 4]);
  const int column = static_cast<int>(threadIdx.x) % (T::width / 4) * 4;
  const int row = static_cast<int>(threadIdx.x) / (T::width / 4) * 8;
  const int top = static_cast<int>(blockIdx.x) * T::height, first = static_cast<int>(blockIdx.y) * T::width;
  const int begin = static_cast<int>(blockIdx.z) * problem.part;
  const int end = problem.depth - begin < problem.part ? problem.depth : begin + problem.part;
  float sums[8][4] = {};
  for (int slab = begin; slab < end; slab += product_depth) {
    load_slab<Problem::left_along_depth, T::height>(left, [&](int i, int k) {
      return top + i < problem.height && slab + k < end ? problem.left(top + i, slab + k) : 0;
    });
    load_slab<Problem::right_along_depth, T::width>(right, [&](int i, int k) {
      return first + i < problem.width && slab + k < end ? problem.right(slab + k, first + i) : 0;
    });
    __syncthreads();
    for (int k = 0; k < product_depth; ++k) {
      const float4 a = *reinterpret_cast<const float4*>(&left[k][row]);
      const float4 b = *reinterpret_cast<const float4*>(&left[k][row + 4]);
      const float4 c = *reinterpret_cast<const float4*>(&right[k][column]);
      const float down[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}, across[4] = {c.x, c.y, c.z, c.w};
      GPU_UNROLL
      for (int i = 0; i < 8; ++i) {
        GPU_UNROLL
        for (int j = 0; j < 4; ++j) sums[i][j] += down[i] * across[j];
      }
    }
    __syncthreads();
  }
  GPU_UNROLL
  for (int i = 0; i < 8; ++i) {
    GPU_UNROLL
    for (int j = 0; j < 4; ++j) {
      if (top + row + i < problem.height && first + column + j < problem.width)
        problem.store(top + row + i, first + column + j, sums[i][j]);
    }
  }
}

/// dw = the sum of the parts, in their order. Reads the parts once, writes the filter.
struct SumOfParts {
  const float* parts;  ///< [count][taps·in·out]
  Weights dw;
  Index size;
  int in, out, count;

  __device__ void operator()(Index i) const {
    float sum = 0;
    for (int part = 0; part < count; ++part) sum += parts[part * size + i];
    const int row = static_cast<int>(i / out);
    dw.at(row / in, row % in, static_cast<int>(i % out)) = sum;
  }
};

}  // namespace danas::cuda
