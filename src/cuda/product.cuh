// Matrix products: dense layers, 1×1 convolutions and, with a gathered left factor (implicit products, nothing is copied
// out), convolutions of any kernel; their gradients by input and by filter: sums[height, width] = Σ over depth of
// left(m, k)·right(k, n), in f32. Here is what is multiplied and where the sums go; product_f32.cuh and
// product_tensor.cuh multiply.
//
// A problem's functions hand out vectors of its factors along what is contiguous in memory: left(m, k) is k … k + 7 of row
// m where `left_along_depth`, else left(k, m) is m … m + 7 of depth k; right likewise. `part` is how much of the depth one
// block of the grid's z does.
#pragma once

#include "cuda/activation.cuh"
#include "cuda/parts.cuh"
#include "cuda/rows.cuh"
#include "cuda/window.cuh"

namespace danas::cuda {

// Left factors, numbers k and on of a row.

/// Rows as they lie in memory.
template <class Element>
struct PlainRows {
  Rows<Element> rows;
  int channels;
  static constexpr bool plain = true;
  __device__ Vector<Element> operator()(int row, int k) const { return rows.load(row, k, channels); }
};

/// pixel(tap) of memory for every tap in turn, or zeros where that is −1.
template <class Element, class Pixel>
__device__ Vector<Element> gathered(const Rows<Element>& rows, int channels, int taps, int k, const Pixel& pixel) {
  constexpr int size = Vector<Element>::size;
  const int first = k / channels;
  Vector<Element> vector{};
  if (rows.unit == size) {  // all of one tap
    const Index seen = first < taps ? pixel(first) : -1;
    return seen < 0 ? vector : rows.load(seen, k - first * channels, channels);
  }
  for (int j = 0; j < size; ++j) {
    const int tap = (k + j) / channels;
    const Index seen = tap < taps ? pixel(tap) : -1;
    if (seen >= 0) vector.at[j] = rows.data[seen * rows.stride + (k + j - tap * channels)];
  }
  return vector;
}

/// Of y's pixel `row` what it sees of x, tap by tap.
template <class Element>
struct SeenRows {
  Rows<Element> x;
  int channels;
  Window window;
  static constexpr bool plain = false;
  __device__ Vector<Element> operator()(int row, int k) const {
    return gathered(x, channels, window.taps(), k, [&](int tap) { return window.seen(row, tap); });
  }
};

/// Of x's pixel `row` the gradients of the pixels of y that see it, tap by tap.
template <class Element>
struct SeeingRows {
  Rows<Element> dy;
  int channels;
  Window window;
  static constexpr bool plain = false;
  __device__ Vector<Element> operator()(int row, int k) const {
    return gathered(dy, channels, window.taps(), k, [&](int tap) { return window.seeing(row, tap); });
  }
};

/// y = act(x·w + bias), k = (tap, i).
template <class Element, class Left>
struct ForwardProduct {
  Left rows;
  Weights<Element> w;
  const float* bias;
  Activation act;
  Rows<Element> y;
  int height, width, depth, part;
  static constexpr bool plain = Left::plain, summed = false;
  static constexpr bool left_along_depth = true, right_along_depth = false;

  __device__ Vector<Element> left(int m, int k) const { return rows(m, k); }
  __device__ Vector<Element> right(int k, int n) const {
    const int tap = Left::plain ? 0 : k / rows.channels;
    return w.load(tap, k - tap * rows.channels, n, width);
  }
  template <int size>
  __device__ void store(int m, int n, float (&sums)[size]) const {
    GPU_UNROLL
    for (int j = 0; j < size; ++j)
      if (n + j < width) sums[j] = finished(sums[j], bias, n + j, act);
    y.write(m, n, width, sums);
  }
};

/// dx = dy·wᵀ, k = (tap, o).
template <class Element, class Left>
struct InputProduct {
  Left rows;
  Weights<Element> w;
  Rows<Element> dx;
  int height, width, depth, part;
  static constexpr bool plain = Left::plain, summed = false;
  static constexpr bool left_along_depth = true, right_along_depth = true;

  __device__ Vector<Element> left(int m, int k) const { return rows(m, k); }
  __device__ Vector<Element> right(int n, int k) const {
    if constexpr (Left::plain) return w.load(0, n, k, depth);
    else return along_taps(n, k);
  }
  /// The numbers of row n, which every tap has, tap by tap.
  __device__ Vector<Element> along_taps(int n, int k) const {
    const Rows<Element> row{&w.at(0, n, 0), w.tap_stride, w.rows.unit};
    return gathered(row, rows.channels, rows.window.taps(), k, [](int tap) { return Index{tap}; });
  }
  template <int size>
  __device__ void store(int m, int n, float (&sums)[size]) const {
    dx.write(m, n, width, sums);
  }
};

/// dw = xᵀ·dy, k = the row, m = (tap, i); each part of the rows has a filter of its own, `part_stride` from the next.
template <class Element, class Left, class Right>
struct FilterProduct {
  Left rows;
  Right dy;
  Weights<float> dw;
  Index part_stride;
  int height, width, depth, part;
  static constexpr bool plain = Left::plain, summed = false;
  static constexpr bool left_along_depth = false, right_along_depth = false;

  __device__ Vector<Element> left(int k, int m) const { return rows(k, m); }
  __device__ Vector<Element> right(int k, int n) const { return dy(k, n); }
  template <int size>
  __device__ void store(int m, int n, float (&sums)[size]) const {
    const int tap = Left::plain ? 0 : m / rows.channels;
    const Rows<float> whole = dw.tap_rows(tap);
    const Rows<float> own{whole.data + blockIdx.z * part_stride, whole.stride, whole.unit};
    own.write(m - tap * rows.channels, n, width, sums);
  }
};

/// dw = the sum of the parts, for totals_of_parts over the filter's elements.
struct SumOfParts {
  const float* parts;  ///< [part][taps·in·out]
  Weights<float> dw;
  Index size;
  int in, out;
  static constexpr int count = 1;

  __device__ void add(int part, Index i, double (&totals)[1]) const {
    totals[0] += static_cast<double>(parts[part * size + i]);
  }
  __device__ void finish(Index i, const double (&totals)[1]) const {
    const int row = static_cast<int>(i / out);
    dw.at(row / in, row % in, static_cast<int>(i % out)) = static_cast<float>(totals[0]);
  }
};

/// The end of a block of a problem with sums by column (block_products.cuh), which its threads have; `shared` is for all.
template <int width, int threads, int size, class Problem>
__device__ void leave_sums(const Problem& problem, const float (&sums)[2][size], const float* centers,
                           double (*shared)[size], int rows, int first) {
  const double one = joined<threads>(sums[0], shared, width / size),
               two = joined<threads>(sums[1], shared, width / size);
  const int mine = static_cast<int>(threadIdx.x);
  if (mine >= width || first + mine >= problem.width) return;
  double center = 0;
  if constexpr (Problem::centered) center = static_cast<double>(centers[mine]);
  problem.leave(first + mine, rows, center, one, two);
}

}  // namespace danas::cuda
