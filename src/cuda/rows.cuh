// Rows of numbers in memory, read and written 16 bytes at a time where they lie so that this is possible.
//
// Rows are not padded: 12 or 20 channels of 16 bits are read 8 bytes at a time, which costs no more memory traffic, where
// padding to 16 and 24 would cost a third and a fifth more of what these kernels are bound by.
#pragma once

#include "cuda/gpu.cuh"

namespace danas::cuda {

/// 16 bytes of numbers.
template <class Element>
struct alignas(16) Vector {
  static constexpr int size = 16 / static_cast<int>(sizeof(Element));
  Element at[size];
};

template <class Element>
__device__ Vector<Element> rounded_vector(const float (&numbers)[Vector<Element>::size]) {
  Vector<Element> vector;
  GPU_UNROLL
  for (int j = 0; j < Vector<Element>::size; ++j) vector.at[j] = rounded<Element>(numbers[j]);
  return vector;
}

/// Two or four numbers: 4 to 16 bytes.
template <class Element, int count>
struct alignas(count * sizeof(Element)) Few {
  Element at[count];
};

/// Number (row, c) at row·stride + c. `unit` numbers from any multiple of it lie in one aligned place: 16 bytes, 8 bytes or
/// a single number.
template <class Element>
struct Rows {
  Element* data;
  Index stride;
  int unit;
  static constexpr int size = Vector<Element>::size, half = size / 2;

  /// The numbers from c on, a multiple of the vector's size; zeros from `end` on.
  __device__ Vector<Element> load(Index row, int c, int end) const {
    const Element* const from = data + row * stride + c;
    Vector<Element> vector{};
    auto* const quarters = reinterpret_cast<uint2*>(vector.at);
    const int count = end - c;
    if (unit == size && count >= size) {
      *reinterpret_cast<uint4*>(vector.at) = *reinterpret_cast<const uint4*>(from);
    } else if (half > 2 && unit == half) {
      if (count >= half) quarters[0] = *reinterpret_cast<const uint2*>(from);
      if (count >= size) quarters[1] = *reinterpret_cast<const uint2*>(from + half);
    } else {
      GPU_UNROLL
      for (int j = 0; j < size; ++j)
        if (j < count) vector.at[j] = from[j];
    }
    return vector;
  }

  __device__ void store(Index row, int c, int end, const Vector<Element>& vector) const {
    Element* const to = data + row * stride + c;
    const auto* const quarters = reinterpret_cast<const uint2*>(vector.at);
    const int count = end - c;
    if (unit == size && count >= size) {
      *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(vector.at);
    } else if (half > 2 && unit == half) {
      if (count >= half) *reinterpret_cast<uint2*>(to) = quarters[0];
      if (count >= size) *reinterpret_cast<uint2*>(to + half) = quarters[1];
    } else {
      GPU_UNROLL
      for (int j = 0; j < size; ++j)
        if (j < count) to[j] = vector.at[j];
    }
  }

  // The same of two or four numbers, from a multiple of so many below `end` on.
  template <int count>
  __device__ Few<Element, count> load_few(Index row, int c, int end) const {
    const Element* const from = data + row * stride + c;
    if (unit >= count) return *reinterpret_cast<const Few<Element, count>*>(from);
    Few<Element, count> few{};
    GPU_UNROLL
    for (int j = 0; j < count; ++j)
      if (c + j < end) few.at[j] = from[j];
    return few;
  }
  template <int count>
  __device__ void store_few(Index row, int c, int end, const Few<Element, count>& few) const {
    Element* const to = data + row * stride + c;
    if (unit >= count) {
      *reinterpret_cast<Few<Element, count>*>(to) = few;
      return;
    }
    GPU_UNROLL
    for (int j = 0; j < count; ++j)
      if (c + j < end) to[j] = few.at[j];
  }

  // The same of `count` numbers, several vectors, as floats.
  template <int count>
  __device__ void read(Index row, int c, int end, float (&numbers)[count]) const {
    static_assert(count % size == 0);
    GPU_UNROLL
    for (int first = 0; first < count; first += size) {
      const Vector<Element> vector = load(row, c + first, end);
      GPU_UNROLL
      for (int j = 0; j < size; ++j) numbers[first + j] = number(vector.at[j]);
    }
  }
  template <int count>
  __device__ void write(Index row, int c, int end, const float (&numbers)[count]) const {
    static_assert(count % size == 0);
    GPU_UNROLL
    for (int first = 0; first < count; first += size) {
      Vector<Element> vector;
      GPU_UNROLL
      for (int j = 0; j < size; ++j) vector.at[j] = rounded<Element>(numbers[first + j]);
      store(row, c + first, end, vector);
    }
  }
};

/// Numbers one after another, as rows of a vector each: with a last one that may be shorter.
template <class Element>
struct Flat {
  Rows<Element> rows;
  Index count;

  template <int size>
  __device__ void read(Index i, float (&numbers)[size]) const {
    rows.read(i * (size / rows.size), 0, left(i, size), numbers);
  }
  template <int size>
  __device__ void write(Index i, const float (&numbers)[size]) const {
    rows.write(i * (size / rows.size), 0, left(i, size), numbers);
  }
  __device__ int left(Index i, int size) const {
    return count - i * size < size ? static_cast<int>(count - i * size) : size;
  }
};

/// Which rows and channels a thread of for_each has: the same channels, a vector of them, of every `groups`-th row.
struct Spread {
  Index rows, groups;
  int channels, columns;  ///< vectors to a row

  __device__ int channel(Index i, int size) const { return static_cast<int>(i % columns) * size; }
  __device__ Index first_row(Index i) const { return i / columns; }
};

/// A filter's memory: element (tap, i, o) at tap·tap_stride + i·row_stride + o.
template <class Element>
struct Weights {
  Rows<Element> rows;
  Index tap_stride;

  __device__ Element& at(int tap, int i, int o) const { return rows.data[tap * tap_stride + i * rows.stride + o]; }
  __device__ Vector<Element> load(int tap, int i, int o, int end) const { return tap_rows(tap).load(i, o, end); }
  __device__ Rows<Element> tap_rows(int tap) const { return {rows.data + tap * tap_stride, rows.stride, rows.unit}; }
};

/// Vectors of channels, of f32: the numbers from c on; zeros from `end` on.
template <int count>
__device__ void read_channels(const float* vector, int c, int end, float (&numbers)[count]) {
  GPU_UNROLL
  for (int j = 0; j < count; ++j) numbers[j] = c + j < end ? vector[c + j] : 0;
}

}  // namespace danas::cuda
