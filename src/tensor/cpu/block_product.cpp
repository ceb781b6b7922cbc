// Products of the fused block between narrow matrices (rows of pixels, all channels) and wide ones (planes of 16
// channels), with what follows them done while the tile is in registers.
#include "tensor/cpu/block_simd.hpp"
#include "tensor/cpu/register_tile.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

constexpr Index ahead =
    16;  ///< rows of a plane that are fetched early: it is too short for the machine to see by itself

/// Every tile of a product: begin(sum, first vector) and end(sum, first vector, row).
template <class Begin, class End>
DANAS_INLINE void wide_tiles(const WideProduct& product, Begin&& begin, End&& end) {
  for_panels(product.planes * plane_vectors, [&](auto vectors, int first) DANAS_ALWAYS_INLINE {
    constexpr int width = decltype(vectors)::value;
    const Index step = product.depth * width * lanes;
    const float* panel = product.panel + product.segments * product.depth * first * lanes;
    for_heights<width>(product.rows, [&](auto height, Index row) DANAS_ALWAYS_INLINE {
      V sum[decltype(height)::value][width];
      begin(sum, first);
      const float* x = product.x + row * product.x_stride;
      for (Index segment = 0; segment < product.segments; ++segment)
        multiply(x + segment * product.segment_step, product.x_stride, product.depth, panel + segment * step, sum);
      end(sum, first, row);
    });
  });
}

template <int rows, int vectors>
DANAS_INLINE void clear(V (&sum)[rows][vectors]) {
#pragma GCC unroll 32
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[r][v] = V{};
}

/// x [rows][16·planes] in planes times a narrow panel, `step` rows of it at a time.
template <int step, int rows, int vectors>
DANAS_INLINE void multiply_planes(const NarrowProduct& product, Index row, V (&sum)[rows][vectors]) {
  const float *x = product.x + row * plane_channels, *panel = product.panel;
  for (Index plane = 0; plane < product.planes; ++plane, x += product.x_plane) {
#pragma GCC unroll 4
    for (int k = 0; k < plane_channels; k += step) {
      V b[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) b[v] = load(panel + v * lanes);
      panel += vectors * lanes;
#pragma GCC unroll 32
      for (int r = 0; r < rows; ++r) {
        const float* p = x + r * plane_channels + k;
        const V a = step == 2 ? all_pairs(p) : all(*p);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[r][v] = fma(a, b[v], sum[r][v]);
      }
    }
  }
}

/// A tile of the product. Of pairs, even and odd channels have sums of their own, in half as many columns a vector.
template <bool pairs, int rows, int vectors, int columns>
DANAS_INLINE void narrow_tile(const NarrowProduct& product, Index row, V (&sum)[rows][columns]) {
  if constexpr (!pairs) {
    clear(sum);
    multiply_planes<1>(product, row, sum);
  } else {
    V parts[rows][vectors];
    clear(parts);
    multiply_planes<2>(product, row, parts);
#pragma GCC unroll 32
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v += 2)
        sum[r][v / 2] = fold_pairs(parts[r][v], v + 1 < vectors ? parts[r][v + 1] : V{});
  }
}

/// body(memory, vector) for the vectors of a tile of `columns` columns, the last perhaps in part.
template <int vectors, class Body>
DANAS_INLINE void for_columns(Index columns, Body&& body) {
#pragma GCC unroll 4
  for (int v = 0; v < vectors - 1; ++v) body(Whole{}, v);
  const Index last = columns - (vectors - 1) * lanes;
  if (last == lanes) body(Whole{}, vectors - 1);
  else body(Part{last}, vectors - 1);
}

template <class End>
DANAS_INLINE void narrow_tiles(const NarrowProduct& arguments, End&& end) {
  const NarrowProduct product = arguments;  // see wide_activated()
  const auto tiles = [&](auto vectors, auto in_pairs) DANAS_ALWAYS_INLINE {
    constexpr int width = decltype(vectors)::value;
    constexpr bool pairs = decltype(in_pairs)::value;
    constexpr int columns = pairs ? (width + 1) / 2 : width;
    for_heights<width>(product.rows, [&](auto height, Index row) DANAS_ALWAYS_INLINE {
      constexpr int rows = decltype(height)::value;
      V sum[rows][columns];
      narrow_tile<pairs, rows, width>(product, row, sum);
      for_columns<columns>(product.columns, [&](const auto& memory, int v) DANAS_ALWAYS_INLINE {
        const Index c = v * lanes;
        if (product.bias) {
          const V bias = memory.load(product.bias + c);
#pragma GCC unroll 32
          for (int r = 0; r < rows; ++r) sum[r][v] = sum[r][v] + bias;
        }
        if (product.add) {
#pragma GCC unroll 32
          for (int r = 0; r < rows; ++r)
            sum[r][v] = sum[r][v] + memory.load(product.add + (row + r) * product.y_stride + c);
        }
#pragma GCC unroll 32
        for (int r = 0; r < rows; ++r) memory.store(product.y + (row + r) * product.y_stride + c, sum[r][v]);
        end(sum, memory, v, row);
      });
    });
  };
  if (product.pairs && product.vectors == 3) tiles(Constant<3>{}, std::true_type{});
  else if (product.pairs && product.vectors == 2) tiles(Constant<2>{}, std::true_type{});
  else if (product.pairs) tiles(Constant<1>{}, std::true_type{});
  else if (product.vectors == 3) tiles(Constant<3>{}, std::false_type{});
  else tiles(Constant<2>{}, std::false_type{});
}

template <int rows, int vectors>
DANAS_INLINE void filter_tile(const WideFilter& f, Index i, int first) {
  V sum[rows][vectors];
  clear(sum);
  const float* x = f.x + i;
#pragma GCC unroll 2
  for (Index row = 0; row < f.rows; ++row, x += f.x_stride) {
    V b[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) b[v] = load(f.w + vector_place(first + v, f.w_plane) + row * plane_channels);
#pragma GCC unroll 32
    for (int r = 0; r < rows; ++r) {
      const V a = all(x[r]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] = fma(a, b[v], sum[r][v]);
    }
  }
  float* out = f.out + i * f.planes * plane_channels + first * lanes;
#pragma GCC unroll 32
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      float* p = out + r * f.planes * plane_channels + v * lanes;
      store(p, load(p) + sum[r][v]);
    }
}

}  // namespace

void wide_activated(const WideActivated& arguments) {
  const WideActivated product = arguments;  // a copy that no store of a vector could change: it stays in registers
  const auto begin = [&](auto& sum, int first) DANAS_ALWAYS_INLINE {
    constexpr int rows = std::extent_v<std::remove_reference_t<decltype(sum)>, 0>;
    constexpr int vectors = std::extent_v<std::remove_reference_t<decltype(sum)>, 1>;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const V bias = load(product.bias + (first + v) * lanes);
#pragma GCC unroll 32
      for (int r = 0; r < rows; ++r) sum[r][v] = bias;
    }
  };
  wide_tiles(product, begin, [&](auto& sum, int first, Index row) DANAS_ALWAYS_INLINE {
    constexpr int rows = std::extent_v<std::remove_reference_t<decltype(sum)>, 0>;
    constexpr int vectors = std::extent_v<std::remove_reference_t<decltype(sum)>, 1>;
#pragma GCC unroll 32
    for (int r = 0; r < rows; ++r) {
      float* y = product.y + (product.offsets ? product.offsets[row + r] : (row + r) * plane_channels);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) store(y + vector_place(first + v, product.y_plane), relu6(sum[r][v]));
    }
  });
}

void wide_moments(const WideMoments& arguments) {
  const WideMoments product = arguments;
  const auto begin = [](auto& sum, int) DANAS_ALWAYS_INLINE { clear(sum); };
  wide_tiles(product, begin, [&](auto& sum, int first, Index row) DANAS_ALWAYS_INLINE {
    constexpr int rows = std::extent_v<std::remove_reference_t<decltype(sum)>, 0>;
    constexpr int vectors = std::extent_v<std::remove_reference_t<decltype(sum)>, 1>;
    float* y = product.y + row * plane_channels;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
#pragma GCC unroll 32
      for (int r = 0; r < rows; ++r) {
        float* to = y + r * plane_channels + vector_place(first + v, product.y_plane);
        __builtin_prefetch(to + ahead * plane_channels, 1);
        store(to, sum[r][v]);
      }
      add_moments(product.moments, product.moments.first && row == 0, Whole{}, (first + v) * lanes, sum, v);
    }
  });
}

void wide_backward(const WideBackward& arguments) {
  const WideBackward product = arguments;
  const auto begin = [](auto& sum, int) DANAS_ALWAYS_INLINE { clear(sum); };
  wide_tiles(product, begin, [&](auto& sum, int first, Index row) DANAS_ALWAYS_INLINE {
    constexpr int rows = std::extent_v<std::remove_reference_t<decltype(sum)>, 0>;
    constexpr int vectors = std::extent_v<std::remove_reference_t<decltype(sum)>, 1>;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const Index c = (first + v) * lanes, place = vector_place(first + v, product.y_plane) + row * plane_channels;
      const V mean = load(product.mean + c), scale = load(product.scale + c), shift = load(product.shift + c);
      V total = load(product.sum + c), products = load(product.products + c);
      float* z = product.z + vector_place(first + v, product.z_plane) + row * plane_channels;
      if ((first + v) % plane_vectors == 0) {
#pragma GCC unroll 32
        for (int r = 0; r < rows; ++r) {
          __builtin_prefetch(product.filtered + place + (r + ahead) * plane_channels);
          __builtin_prefetch(product.y + place + (r + ahead) * plane_channels, 1);
        }
      }
#pragma GCC unroll 32
      for (int r = 0; r < rows; ++r) {
        const V centered = load(product.filtered + place + r * plane_channels) - mean;
        const V a = fma(centered, scale, shift), q = where_open(a, sum[r][v]);
        store(product.y + place + r * plane_channels, q);
        store(z + r * plane_channels, relu6(a));
        total = total + q;
        products = fma(q, centered, products);
      }
      store(product.sum + c, total);
      store(product.products + c, products);
    }
  });
}

void narrow(const NarrowProduct& product) {
  narrow_tiles(product, [](auto&, const auto&, int, Index) DANAS_ALWAYS_INLINE {});
}

void narrow_moments(const NarrowMoments& product) {
  const Moments moments = product.moments;
  narrow_tiles(product, [&](auto& sum, const auto& memory, int v, Index row) DANAS_ALWAYS_INLINE {
    add_moments(moments, moments.first && row == 0, memory, v * lanes, sum, v);
  });
}

void wide_filter(const WideFilter& arguments) {
  const WideFilter f = arguments;
  for_panels(f.planes * plane_vectors, [&](auto vectors, int first) DANAS_ALWAYS_INLINE {
    constexpr int width = decltype(vectors)::value;
    for_heights<width>(f.depth, [&](auto height, Index i)
                                    DANAS_ALWAYS_INLINE { filter_tile<decltype(height)::value, width>(f, i, first); });
  });
}

}  // namespace danas::cpu::DANAS_SIMD
