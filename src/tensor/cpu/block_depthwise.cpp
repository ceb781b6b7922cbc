// 3×3 depthwise convolution of one padded plane: the weights stay in registers, every input is loaded once a filter row.
#include <algorithm>

#include "tensor/cpu/block_simd.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

constexpr int pixel = static_cast<int>(plane_channels);
constexpr Index ahead = 24;  ///< pixels of a plane whose lines are fetched before they are written

constexpr int longest = 8;                                   ///< outputs of a tile
constexpr int longest_held = registers == 32 ? longest : 4;  ///< with all weights in registers

/// What one filter row adds to `pixels` neighboring outputs. Where a tile begins or ends its row, the pixel of padding
/// before or after it is left out.
template <int stride, int pixels, bool begins, bool ends>
DANAS_INLINE void add_taps(const float* x, const V* w, V (&sum)[pixels]) {
  constexpr int width = (pixels - 1) * stride + 3;
#pragma GCC unroll 32
  for (int j = begins ? 1 : 0; j < width - (ends ? 1 : 0); ++j) {
    V value = load(x + j * pixel);
    DANAS_KEEP(value);
#pragma GCC unroll 3
    for (int kx = 0; kx < 3; ++kx)
      if ((j - kx) % stride == 0 && j >= kx && (j - kx) / stride < pixels)
        sum[(j - kx) / stride] = fma(value, w[kx], sum[(j - kx) / stride]);
  }
}

/// The rows of the input that an output row sees, without those of the padding: the first, how many they are, and the
/// weights of the first. The others follow, around the end of the rows that are kept.
struct SeenRows {
  const float *first, *weights;
  Index count, row;
  const float* end;
  Index kept;
};

/// body(rows seen, y) for every output row of one vector of channels.
template <int stride, class Body>
DANAS_INLINE void for_rows(const PlaneFilter& f, int lane, Body&& body) {
  const Index column = (1 - f.padding_x) * pixel + lane, kept = f.x.rows * f.x.row;
  for (Index image = 0; image < f.images; ++image) {
    const float* const x = f.x.base + image * f.x.image + column;
    float* y = f.y + image * f.y_image + lane;
    for (Index row = f.first; row < f.last; ++row, y += f.width * pixel) {
      const Index in = row * stride - f.padding_y, above = in < 0 ? -in : 0, first = in + above;
      const Index place = f.x.rows < f.x.height ? first % f.x.rows : first;
      body(SeenRows{x + place * f.x.row, f.weights + lane + above * 3 * pixel,
                    std::min<Index>(3, f.x.height - in) - above, f.x.row, x + kept, kept},
           y);
    }
  }
}

/// body(Constant<count>) of a count that is known at run time, 1 to `most`.
template <int most, class Body>
DANAS_INLINE void with_count(Index count, Body&& body) {
  if constexpr (most > 1) {
    if (count < most) return with_count<most - 1>(count, body);
  }
  body(Constant<most>{});
}

/// Moments of one vector of channels in registers.
struct RowMoments {
  V center{}, sum{}, squares{};
  DANAS_INLINE void add(V v) {
    const V difference = v - center;
    sum = sum + difference;
    squares = fma(difference, difference, squares);
  }
};

/// A tile of a row of outputs. All weights are `held` where there are registers for them, else a filter row's at a time.
template <int stride, int pixels, bool begins, bool ends, bool activated, bool held>
DANAS_INLINE void filter_tile(const SeenRows& rows, const V (&w)[9], Index first, V bias, float* y,
                              RowMoments* moments) {
  V sum[pixels];
#pragma GCC unroll 16
  for (int i = 0; i < pixels; ++i) sum[i] = bias;
  const float* x = rows.first;
  const auto add = [&](const V* row_weights) DANAS_ALWAYS_INLINE {
    add_taps<stride, pixels, begins, ends>(x + first * stride * pixel, row_weights, sum);
    x += rows.row;
    if (x >= rows.end) x -= rows.kept;
  };
  if constexpr (held) {
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) add(w + 3 * i);
  } else {
    for (Index i = 0; i < rows.count; ++i) {
      const float* from = rows.weights + i * 3 * pixel;
      const V row_weights[3] = {load(from), load(from + pixel), load(from + 2 * pixel)};
      add(row_weights);
    }
  }
  y += first * pixel;
#pragma GCC unroll 16
  for (int i = 0; i < pixels; ++i) {
    if (!activated) __builtin_prefetch(y + (i + ahead) * pixel, 1);
    store(y + i * pixel, activated ? relu6(sum[i]) : sum[i]);
    if (!activated && moments) moments->add(sum[i]);
  }
}

/// A row that is longer than a tile; `padded` says whether its first output sees a pixel of padding, as its last one does.
template <int stride, bool padded, bool activated, bool held>
DANAS_INLINE void filter_long_row(const SeenRows& rows, const V (&w)[9], Index width, V bias, float* y,
                                  RowMoments* moments) {
  constexpr int length = held ? longest_held : longest;
  filter_tile<stride, length, padded, false, activated, held>(rows, w, 0, bias, y, moments);
  Index first = length;
  for (; first + length < width; first += length)
    filter_tile<stride, length, false, false, activated, held>(rows, w, first, bias, y, moments);
  with_count<length>(width - first, [&](auto count) DANAS_ALWAYS_INLINE {
    filter_tile<stride, decltype(count)::value, false, true, activated, held>(rows, w, first, bias, y, moments);
  });
}

/// Every row of one vector of channels. before(row), which gives its moments or nothing, and after(y, moments).
template <int stride, bool padded, bool activated, class Before, class After>
DANAS_INLINE void filter_rows(const PlaneFilter& f, int lane, V bias, Before&& before, After&& after) {
  V w[9];
#pragma GCC unroll 9
  for (int tap = 0; tap < 9; ++tap) w[tap] = load(f.weights + tap * pixel + lane);
  if (f.width > longest) {
    for_rows<stride>(f, lane, [&](const SeenRows& rows, float* y) DANAS_ALWAYS_INLINE {
      if (rows.count == 3) filter_long_row<stride, padded, activated, true>(rows, w, f.width, bias, y, before());
      else filter_long_row<stride, padded, activated, false>(rows, w, f.width, bias, y, before());
      after(y);
    });
  } else {
    with_count<longest>(f.width, [&](auto count) DANAS_ALWAYS_INLINE {
      for_rows<stride>(f, lane, [&](const SeenRows& rows, float* y) DANAS_ALWAYS_INLINE {
        constexpr int pixels = decltype(count)::value;
        if (pixels <= longest_held && rows.count == 3)
          filter_tile<stride, pixels, padded, true, activated, pixels <= longest_held>(rows, w, 0, bias, y, before());
        else filter_tile<stride, pixels, padded, true, activated, false>(rows, w, 0, bias, y, before());
        after(y);
      });
    });
  }
}

/// The first row of a unit gives the center of its moments.
RowMoments first_moments(const float* y, Index width) {
  RowMoments moments;
  V sum{};
  for (Index p = 0; p < width; ++p) sum = sum + load(y + p * pixel);
  moments.center = sum * all(1.0f / static_cast<float>(width));
  for (Index p = 0; p < width; ++p) moments.add(load(y + p * pixel));
  return moments;
}

template <int stride, bool padded>
void filter_moments(const PlaneFilter& f, int lane) {
  RowMoments moments;
  bool first = f.moments.first;
  if (!first) moments.center = load(f.moments.center + lane);
  filter_rows<stride, padded, false>(
      f, lane, V{}, [&]() DANAS_ALWAYS_INLINE { return first ? nullptr : &moments; },
      [&](const float* y) DANAS_ALWAYS_INLINE {
        if (first) moments = first_moments(y, f.width);
        first = false;
      });
  store(f.moments.center + lane, moments.center);
  store(f.moments.sum + lane, load(f.moments.sum + lane) + moments.sum);
  store(f.moments.squares + lane, load(f.moments.squares + lane) + moments.squares);
}

template <int stride, bool padded>
void filter_activated(const PlaneFilter& f, int lane) {
  filter_rows<stride, padded, true>(
      f, lane, load(f.bias + lane), []() DANAS_ALWAYS_INLINE -> RowMoments* { return nullptr; },
      [](const float*) DANAS_ALWAYS_INLINE {});
}

template <int stride, bool padded>
void filter_plane(const PlaneFilter& f, int lane) {
  if (f.bias) filter_activated<stride, padded>(f, lane);
  else filter_moments<stride, padded>(f, lane);
}

/// What a backward pass keeps in registers beside the gradients of the weights.
struct GradientSums {
  V sum{}, products{};
};

/// Gradients of `pixels` neighboring inputs, in dx; those of the weights from the same loads.
template <int pixels>
DANAS_INLINE void backward_dense(const float* const (&rows)[3], const V (&x)[pixels], const V (&w)[9], V (&dw)[9],
                                 V (&dx)[pixels]) {
#pragma GCC unroll 3
  for (int ky = 0; ky < 3; ++ky)
#pragma GCC unroll 16
    for (int j = 0; j < pixels + 2; ++j) {
      V dy = load(rows[ky] + j * pixel);
      DANAS_KEEP(dy);
#pragma GCC unroll 3
      for (int kx = 0; kx < 3; ++kx) {
        const int p = j - (2 - kx);
        if (p < 0 || p >= pixels) continue;
        dx[p] = fma(dy, w[ky * 3 + kx], dx[p]);
        dw[ky * 3 + kx] = fma(dy, x[p], dw[ky * 3 + kx]);
      }
    }
}

/// The same of pairs of inputs of a convolution with stride 2: the first of a pair sees taps 0 and 2, the other tap 1.
/// `even` rows see the filter rows 0 (rows[0]) and 2 (rows[1]), odd ones filter row 1 (rows[0]).
template <bool even, int pixels>
DANAS_INLINE void backward_strided(const float* const (&rows)[2], const V (&x)[pixels], const V (&w)[9], V (&dw)[9],
                                   V (&dx)[pixels]) {
  const auto tap = [&](V dy, int t, int p) DANAS_ALWAYS_INLINE {
    dx[p] = fma(dy, w[t], dx[p]);
    dw[t] = fma(dy, x[p], dw[t]);
  };
#pragma GCC unroll 2
  for (int n = 0; n < (even ? 2 : 1); ++n) {
    const int ky = even ? 2 * n : 1;
#pragma GCC unroll 8
    for (int i = 0; i <= pixels / 2; ++i) {  // dy of the output before the first pair, then of each pair
      V dy = load(rows[n] + i * pixel);
      DANAS_KEEP(dy);
      if (i < pixels / 2) tap(dy, ky * 3 + 2, 2 * i);
      if (i > 0) {
        tap(dy, ky * 3, 2 * i - 2);
        tap(dy, ky * 3 + 1, 2 * i - 1);
      }
    }
  }
}

/// One plane's vector of channels in a backward pass.
template <int stride>
class Backward {
 public:
  Backward(const PlaneFilterBackward& f, int lane) : f_(f), lane_(lane), mean_(f.expanded ? load(f.mean + lane) : V{}) {
#pragma GCC unroll 9
    for (int tap = 0; tap < 9; ++tap) {
      w_[tap] = load(f.weights + tap * pixel + lane);
      dw_[tap] = load(f.dw + tap * pixel + lane);
    }
  }

  DANAS_INLINE void run() {
    for (Index image = 0; image < f_.images; ++image)
      for (Index y = f_.first; y < f_.last; ++y) {
        const Index at = image * f_.x_image + (y - f_.first) * f_.width * f_.x_pixel + lane_;
        if constexpr (stride == 1) dense_row(image, y, at);
        else if ((y + f_.padding_y) % 2 == 0) strided_row<true>(image, y, at);
        else strided_row<false>(image, y, at);
      }
#pragma GCC unroll 9
    for (int tap = 0; tap < 9; ++tap) store(f_.dw + tap * pixel + lane_, dw_[tap]);
    store(f_.sum + lane_, load(f_.sum + lane_) + sums_.sum);
    if (f_.expanded) store(f_.products + lane_, load(f_.products + lane_) + sums_.products);
  }

 private:
  template <int pixels>
  DANAS_INLINE void load_inputs(Index at, V (&x)[pixels], V (&dx)[pixels]) const {
#pragma GCC unroll 16
    for (int i = 0; i < pixels; ++i) {
      x[i] = load(f_.x + at + i * f_.x_pixel);
      dx[i] = V{};
    }
  }

  template <int pixels>
  DANAS_INLINE void finish(Index at, const V (&x)[pixels], const V (&dx)[pixels]) {
#pragma GCC unroll 16
    for (int i = 0; i < pixels; ++i) {
      const V q = f_.masked ? where_open(x[i], dx[i]) : dx[i];
      store(f_.dx + at + i * f_.x_pixel, q);
      sums_.sum = sums_.sum + q;
      if (f_.expanded) sums_.products = fma(q, load(f_.expanded + at + i * f_.x_pixel) - mean_, sums_.products);
    }
  }

  DANAS_INLINE void dense_row(Index image, Index y, Index at) {
    // Filter row ky meets output row y + 1 − ky; a row begins with its pixel of padding, which the first input needs.
    const float* const base[3] = {row_of(f_.dy, image, y + 1) + lane_, row_of(f_.dy, image, y) + lane_,
                                  row_of(f_.dy, image, y - 1) + lane_};
    const auto tile = [&](auto count, Index p) DANAS_ALWAYS_INLINE {
      constexpr int pixels = decltype(count)::value;
      const float* const rows[3] = {base[0] + p * pixel, base[1] + p * pixel, base[2] + p * pixel};
      V x[pixels], dx[pixels];
      load_inputs<pixels>(at + p * f_.x_pixel, x, dx);
      backward_dense<pixels>(rows, x, w_, dw_, dx);
      finish<pixels>(at + p * f_.x_pixel, x, dx);
    };
    Index p = 0;
    for (; p + 4 <= f_.width; p += 4) tile(Constant<4>{}, p);
    if (p + 3 <= f_.width) {
      tile(Constant<3>{}, p);
      p += 3;
    }
    if (p + 2 <= f_.width) {
      tile(Constant<2>{}, p);
      p += 2;
    }
    if (p < f_.width) tile(Constant<1>{}, p);
  }

  template <bool even>
  DANAS_INLINE void strided_row(Index image, Index y, Index at) {
    const Index u = y + f_.padding_y;  // even: filter row 0 of output row u/2, filter row 2 of the one before
    const float *first = row_of(f_.dy, image, u / 2) + lane_,
                *second = even ? row_of(f_.dy, image, u / 2 - 1) + lane_ : first;
    Index p = 0, output = 0;  // of the first pixel, whose output before it is the padding
    if (f_.padding_x == 1) {
      lone<even>(at, first + pixel, second + pixel);
      p = output = 1;
    }
    const auto tile = [&](auto count) DANAS_ALWAYS_INLINE {
      constexpr int pixels = decltype(count)::value;
      const float* const rows[2] = {first + output * pixel, second + output * pixel};
      V x[pixels], dx[pixels];
      load_inputs<pixels>(at + p * f_.x_pixel, x, dx);
      backward_strided<even, pixels>(rows, x, w_, dw_, dx);
      finish<pixels>(at + p * f_.x_pixel, x, dx);
      p += pixels;
      output += pixels / 2;
    };
    while (p + 4 <= f_.width) tile(Constant<4>{});
    if (p + 2 <= f_.width) tile(Constant<2>{});  // SAME padding leaves whole pairs
  }

  /// The other of a pair whose first is padding.
  template <bool even>
  DANAS_INLINE void lone(Index at, const float* first, const float* second) {
    V x[1], dx[1];
    load_inputs<1>(at, x, dx);
    add_tap(load(first), even ? 1 : 4, x[0], dx[0]);
    if (even) add_tap(load(second), 7, x[0], dx[0]);
    finish<1>(at, x, dx);
  }

  DANAS_INLINE void add_tap(V dy, int tap, V x, V& dx) {
    dx = fma(dy, w_[tap], dx);
    dw_[tap] = fma(dy, x, dw_[tap]);
  }

  const PlaneFilterBackward& f_;
  const int lane_;
  V mean_, w_[9], dw_[9];
  GradientSums sums_;
};

}  // namespace

void plane_filter(const PlaneFilter& arguments) {
  const PlaneFilter f = arguments;  // see wide_activated()
  for (int lane = 0; lane < plane_channels; lane += lanes) {
    if (f.stride == 1) filter_plane<1, true>(f, lane);
    else if (f.padding_x == 1) filter_plane<2, true>(f, lane);
    else filter_plane<2, false>(f, lane);
  }
}

void plane_filter_backward(const PlaneFilterBackward& arguments) {
  const PlaneFilterBackward f = arguments;
  for (int lane = 0; lane < plane_channels; lane += lanes) {
    if (f.stride == 1) Backward<1>(f, lane).run();
    else Backward<2>(f, lane).run();
  }
}

}  // namespace danas::cpu::DANAS_SIMD
