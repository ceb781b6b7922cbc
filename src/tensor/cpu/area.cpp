// Images by area, in integers: plain loops that the compiler makes vectors of.
#include "tensor/cpu/simd.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {

namespace {

constexpr Index block = 128;  // sums that stay in the nearest cache while the rows pass

// A constant width makes whole vectors of the loops.
template <class Sum, class Width>
void sum_rows(Width width, const std::uint8_t* top, Index stride, const AreaSpan& span, std::uint32_t* sums) {
  const std::uint8_t* const bottom = top + (span.count - 1) * stride;
  Sum middle[block] = {};
  for (const std::uint8_t* row = top + stride; row < bottom; row += stride)
    for (Index i = 0; i < width; ++i) middle[i] = static_cast<Sum>(middle[i] + row[i]);
  for (Index i = 0; i < width; ++i) sums[i] = span.first * top[i] + span.middle * middle[i] + span.last * bottom[i];
}

// floor((2·sum + area) / (2·area)), exactly: the quotient is a multiple of 1 / (2·area) below 256, so that half such a
// step more is at least 1 / (4·area) away from every integer, far beyond the rounding of the product.
template <Index n, class Sum>
void divide(const Sum* sums, Index area, std::uint8_t* out) {
  const double reciprocal = 1 / static_cast<double>(area), half = 0.5 * static_cast<double>(area) + 0.25;
  for (Index i = 0; i < n; ++i)
    out[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>((static_cast<double>(sums[i]) + half) * reciprocal));
}

// The sums of one output pixel. Few: at most three input pixels are seen, and to know how many takes no branch.
template <int channels, class Sum, bool few>
struct Pixel {
  static DANAS_INLINE void sum(const AreaSpan& span, const std::uint32_t* left, Sum* out) {
    const std::uint32_t* const right = left + Index{span.count - 1} * channels;
    Sum middle[channels] = {};
    for (const std::uint32_t* pixel = left + channels; pixel < right; pixel += channels)
      for (int c = 0; c < channels; ++c) middle[c] += static_cast<Sum>(pixel[c]);
    for (int c = 0; c < channels; ++c)
      out[c] = static_cast<Sum>(span.first) * static_cast<Sum>(left[c]) + static_cast<Sum>(span.middle) * middle[c] +
               static_cast<Sum>(span.last) * static_cast<Sum>(right[c]);
  }
};

template <>
struct Pixel<1, std::int32_t, true> {
  static DANAS_INLINE void sum(const AreaSpan& span, const std::uint32_t* left, std::int32_t* out) {
    const std::uint32_t middle = span.count > 2 ? span.middle : 0;
    *out = static_cast<std::int32_t>(span.first * left[0] + middle * left[1] + span.last * left[span.count - 1]);
  }
};

// Three channels and one that is not read, at once.
template <bool few>
struct Pixel<3, std::int32_t, few> {
  typedef std::uint32_t Four __attribute__((vector_size(16), aligned(4), may_alias));
  static DANAS_INLINE void sum(const AreaSpan& span, const std::uint32_t* left, std::int32_t* out) {
    const auto four = [left](Index i) { return *reinterpret_cast<const Four*>(left + 3 * i); };
    Four middle{};
    if constexpr (few) middle = (span.count > 2 ? span.middle : 0) * four(1);
    else {
      for (Index i = 1; i < span.count - 1; ++i) middle += four(i);
      middle *= span.middle;
    }
    *reinterpret_cast<Four*>(out) = span.first * four(0) + middle + span.last * four(span.count - 1);
  }
};

// In blocks of one size, whose loops have no rest.
template <int channels, class Sum, bool few>
void sum_columns(const AreaRow& row, std::uint8_t* out) {
  constexpr Index pixels = 32;
  Sum sums[pixels * channels + 1] = {};
  std::uint8_t means[pixels * channels];
  for (Index begin = 0; begin < row.width; begin += pixels) {
    const Index count = row.width - begin < pixels ? row.width - begin : pixels;
    for (Index x = 0; x < count; ++x) {
      const AreaSpan& span = row.spans[begin + x];
      Pixel<channels, Sum, few>::sum(span, row.sums + Index{span.begin} * channels, sums + x * channels);
    }
    std::uint8_t* const to = out + begin * channels;
    divide<pixels * channels>(sums, row.area, count == pixels ? to : means);
    if (count < pixels) __builtin_memcpy(to, means, static_cast<std::size_t>(count * channels));
  }
}

template <int channels>
void sum_columns(const AreaRow& row, std::uint8_t* out) {
  if (row.area >= (Index{1} << 31) / 255) sum_columns<channels, std::int64_t, false>(row, out);
  else if (row.most > 3) sum_columns<channels, std::int32_t, false>(row, out);
  else sum_columns<channels, std::int32_t, true>(row, out);
}

}  // namespace

void area_rows(Index n, const std::uint8_t* top, Index stride, const AreaSpan& span, std::uint32_t* sums) {
  struct Block {
    constexpr operator Index() const { return block; }
  };
  const auto sum_block = [&](auto width, Index i) {
    const bool few = span.count - 2 <= 0xFFFF / 255;
    if (few) sum_rows<std::uint16_t>(width, top + i, stride, span, sums + i);
    else sum_rows<std::uint32_t>(width, top + i, stride, span, sums + i);
  };
  Index i = 0;
  for (; i + block <= n; i += block) sum_block(Block{}, i);
  if (i < n) sum_block(n - i, i);
}

void area_columns(const AreaRow& row, std::uint8_t* out) {
  row.channels == 3 ? sum_columns<3>(row, out) : sum_columns<1>(row, out);
}

void gray(Index pixels, const std::uint8_t* rgb, std::uint8_t* out) {
  for (Index i = 0; i < pixels; ++i)
    out[i] = static_cast<std::uint8_t>((77 * rgb[3 * i] + 150 * rgb[3 * i + 1] + 29 * rgb[3 * i + 2] + 128) >> 8);
}

void signed_shares(Index n, const std::uint8_t* x, float* y) {
  for (Index i = 0; i < n; ++i) y[i] = static_cast<float>(x[i] - 128) * (1.0f / 128);
}

}  // namespace danas::cpu::DANAS_SIMD
