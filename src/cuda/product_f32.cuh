// Products in f32. A block of 128 threads makes a tile of 4096 sums, 8×4 a thread in registers: 64×64, 128×32 or 256×16, as
// narrow as the product (8 … 96 channels are the rule). Of each factor a slab of 16 numbers in depth is in shared memory,
// 8.5 to 17.5 KiB in all, loaded 128 bits at a time; 57 to 80 registers on sm_80. An element is read width/64 (height/64)
// times from memory and its caches, 3 of 16 shared loads of 128 bits feed 32 multiplications. Every sum is over k in its
// order.
#pragma once

#include "cuda/product.cuh"

namespace danas::cuda {

constexpr int product_threads = 128, product_depth = 16;

/// A tile so many columns wide.
template <int columns>
struct Tile {
  static constexpr int width = columns, rows_of_threads = product_threads / (columns / 4), height = 8 * rows_of_threads;
};

/// Fills a slab of shared memory, neighboring threads along what is contiguous in memory: slab[k][i] is element(i, k) of a
/// factor that lies along its depth, else element(k, i).
template <bool along_depth, int extent, class Element>
__device__ void load_slab(float (*slab)[extent + 4], const Element& element) {
  constexpr int size = 4, across = (along_depth ? product_depth : extent) / size;
  for (int at = static_cast<int>(threadIdx.x); at < product_depth * extent / size; at += product_threads) {
    const int major = at / across, minor = at % across * size;
    const Vector<float> vector = element(major, minor);
    if (along_depth) {
      GPU_UNROLL
      for (int j = 0; j < size; ++j) slab[minor + j][major] = vector.at[j];
    } else {
      *reinterpret_cast<Vector<float>*>(&slab[major][minor]) = vector;
    }
  }
}

/// The sums of 8 rows from top + row on and 4 columns from first + column on: of this thread.
template <class T, class Problem>
__device__ void multiply_f32(const Problem& problem, float (*left)[T::height + 4], float (*right)[T::width + 4],
                             int top, int first, float (&sums)[8][4]) {
  const int column = static_cast<int>(threadIdx.x) % (T::width / 4) * 4;
  const int row = static_cast<int>(threadIdx.x) / (T::width / 4) * 8;
  const int begin = static_cast<int>(blockIdx.z) * problem.part;
  const int end = problem.depth - begin < problem.part ? problem.depth : begin + problem.part;
  for (int slab = begin; slab < end; slab += product_depth) {
    load_slab<Problem::left_along_depth, T::height>(left, [&](int major, int minor) {
      const bool inside = Problem::left_along_depth ? top + major < problem.height : slab + major < end;
      if (!inside) return Vector<float>{};
      return Problem::left_along_depth ? problem.left(top + major, slab + minor)
                                       : problem.left(slab + major, top + minor);
    });
    load_slab<Problem::right_along_depth, T::width>(right, [&](int major, int minor) {
      const bool inside = Problem::right_along_depth ? first + major < problem.width : slab + major < end;
      if (!inside) return Vector<float>{};
      return Problem::right_along_depth ? problem.right(first + major, slab + minor)
                                        : problem.right(slab + major, first + minor);
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
}

template <class T, class Problem>
__global__ void __launch_bounds__(product_threads, 5) product_f32(Problem problem) {
  GPU_SHARED(float, left, [product_depth][T::height + 4]);
  GPU_SHARED(float, right, [product_depth][T::width + 4]);
  const int column = static_cast<int>(threadIdx.x) % (T::width / 4) * 4;
  const int row = static_cast<int>(threadIdx.x) / (T::width / 4) * 8;
  const int first = static_cast<int>(blockIdx.y) * T::width;
  const auto each_row = [&](int top, float(&sums)[8][4], const auto& store) {
    GPU_UNROLL
    for (int i = 0; i < 8; ++i)
      if (top + row + i < problem.height && first + column < problem.width)
        store(top + row + i, first + column, sums[i]);
  };
  if constexpr (!Problem::summed) {
    const int top = static_cast<int>(blockIdx.x) * T::height;
    float sums[8][4] = {};
    multiply_f32<T>(problem, left, right, top, first, sums);
    each_row(top, sums, [&](int m, int n, float(&numbers)[4]) { problem.store(m, n, numbers); });
  } else {
    GPU_SHARED(float, centers, [T::width]);
    const int tall = problem.tiles * T::height, from = static_cast<int>(blockIdx.x) * tall;
    const int to = problem.height - from < tall ? problem.height : from + tall;
    float channel_sums[2][4] = {};
    for (int top = from; top < to; top += T::height) {
      float sums[8][4] = {};
      multiply_f32<T>(problem, left, right, top, first, sums);
      if (Problem::centered && top == from) {
        if (row == 0) {
          GPU_UNROLL
          for (int j = 0; j < 4; ++j) centers[column + j] = sums[0][j];
        }
        __syncthreads();
      }
      each_row(top, sums,
               [&](int m, int n, float(&numbers)[4]) { problem.store(m, n, numbers, centers + column, channel_sums); });
    }
    leave_sums<T::width, product_threads>(problem, channel_sums, centers, reinterpret_cast<double(*)[4]>(left),
                                          to - from, first);
  }
}

}  // namespace danas::cuda
