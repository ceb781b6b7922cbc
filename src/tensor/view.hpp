// Views: where the numbers are and what shape they have. Views own nothing; a Tensor (tensor.hpp) or an Arena
// (arena.hpp) does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace danas {

enum class Type : std::uint8_t { f32, f64, i32, u8, f16, bf16 };

constexpr std::size_t bytes_of(Type type) {
  switch (type) {
    case Type::u8: return 1;
    case Type::f16:
    case Type::bf16: return 2;
    case Type::f32:
    case Type::i32: return 4;
    case Type::f64: break;
  }
  return 8;
}

constexpr const char* name_of(Type type) {
  constexpr const char* names[]{"f32", "f64", "i32", "u8", "f16", "bf16"};
  return names[static_cast<int>(type)];
}

/// Dense NHWC activations: element (n, y, x, c) at ((n·h + y)·w + x)·c_count + c. A vector of C channels is
/// n = h = w = 1; a matrix of R rows is n = R, h = w = 1. data == nullptr means "absent".
struct View {
  Type type = Type::f32;
  void* data = nullptr;
  std::int64_t n = 1, h = 1, w = 1, c = 0;

  std::int64_t rows() const { return n * h * w; }
  std::int64_t size() const { return rows() * c; }
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * bytes_of(type); }
  bool present() const { return data != nullptr; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  View with_data(void* other) const {
    View view = *this;
    view.data = other;
    return view;
  }
  bool same_shape(const View& o) const { return n == o.n && h == o.h && w == o.w && c == o.c; }
};

inline View vector_view(Type type, void* data, std::int64_t channels) { return {type, data, 1, 1, 1, channels}; }

/// Weights of a convolution, a dense layer (h = w = 1) or a depthwise convolution (in = 1): element (ky, kx, i, o)
/// at (ky·w + kx)·tap_stride + i·row_stride + o, i.e. Keras' HWIO. Only weights carry leading dimensions, so that a
/// subnet, the first `in` × `out` channels of a layer, is used in place. data == nullptr means "absent".
struct Filter {
  Type type = Type::f32;
  void* data = nullptr;
  std::int64_t h = 1, w = 1, in = 0, out = 0;
  std::int64_t tap_stride = 0, row_stride = 0;

  std::int64_t size() const { return h * w * in * out; }
  bool present() const { return data != nullptr; }
  bool dense() const { return row_stride == out && tap_stride == in * out; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

/// A filter without gaps.
inline Filter dense_filter(Type type, void* data, std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out) {
  return {type, data, h, w, in, out, in * out, out};
}

/// All numbers of a view, as a filter of one row.
inline Filter filter_of(const View& view) { return dense_filter(view.type, view.data, 1, 1, 1, view.size()); }

}  // namespace danas
