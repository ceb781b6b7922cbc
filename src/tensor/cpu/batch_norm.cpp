// Batch normalization over a span of rows. Sums go down the rows in groups of four vectors of columns.
#include "tensor/cpu/simd.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

constexpr int group = 4;

/// Calls body.template operator()<vectors>(memory, column) for every group of columns of one row.
template <class Body>
DANAS_INLINE void for_groups(Index width, Body&& body) {
  Index c = 0;
  for (; c + group * lanes <= width; c += group * lanes) body.template operator()<group>(Whole{}, c);
  for (; c + lanes <= width; c += lanes) body.template operator()<1>(Whole{}, c);
  if (c < width) body.template operator()<1>(Part{width - c}, c);
}

/// Sums of a pair of terms over the rows, by column: terms(memory, index of the element, column, first, second) adds to
/// both. The tail, less than a row, is added last.
template <class Terms>
DANAS_INLINE void sum_rows(const Span& span, float* first, float* second, const Terms& terms) {
  for_groups(span.width, [&]<int vectors>(const auto& memory, Index c) DANAS_ALWAYS_INLINE {
    V a[vectors], b[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) a[v] = b[v] = V{};
    for (Index row = 0; row < span.rows; ++row) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) terms(memory, row * span.width + c + v * lanes, c + v * lanes, a[v], b[v]);
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      memory.store(first + c + v * lanes, a[v]);
      if (second) memory.store(second + c + v * lanes, b[v]);
    }
  });
  for_vectors(span.tail, [&](const auto& memory, Index c) DANAS_ALWAYS_INLINE {
    V a = memory.load(first + c), b = second ? memory.load(second + c) : V{};
    terms(memory, span.rows * span.width + c, c, a, b);
    memory.store(first + c, a);
    if (second) memory.store(second + c, b);
  });
}

/// body(memory, index of the element, column) for every vector of the span.
template <class Body>
DANAS_INLINE void for_span(const Span& span, const Body& body) {
  for (Index row = 0; row < span.rows; ++row)
    for_vectors(span.width,
                [&](const auto& memory, Index c) DANAS_ALWAYS_INLINE { body(memory, row * span.width + c, c); });
  for_vectors(span.tail,
              [&](const auto& memory, Index c) DANAS_ALWAYS_INLINE { body(memory, span.rows * span.width + c, c); });
}

}  // namespace

void moments(const Span& span, const float* x, const float* shift, float* sum, float* sum_of_squares) {
  sum_rows(span, sum, sum_of_squares,
           [=](const auto& memory, Index i, Index c, V& first, V& second) DANAS_ALWAYS_INLINE {
             const V centered = memory.load(x + i) - memory.load(shift + c);
             first = first + centered;
             second = fma(centered, centered, second);
           });
}

void column_sums(const Span& span, const float* x, float* sum) {
  sum_rows(span, sum, nullptr, [=](const auto& memory, Index i, Index, V& first, V&) DANAS_ALWAYS_INLINE {
    first = first + memory.load(x + i);
  });
}

void normalize(const Span& span, const float* x, const float* mean, const float* scale, const float* offset,
               Activation act, const float* add, float* y) {
  with_activation(act, [&]<Activation a>() {
    for_span(span, [=](const auto& memory, Index i, Index c) DANAS_ALWAYS_INLINE {
      const V centered = memory.load(x + i) - memory.load(mean + c);
      const V v = activate<a>(fma(centered, memory.load(scale + c), memory.load(offset + c)));
      memory.store(y + i, add ? v + memory.load(add + i) : v);
    });
  });
}

void gradient_sums(const Span& span, const float* x, const float* y, const float* dy, const float* mean, Activation act,
                   float* sum, float* sum_of_products) {
  with_activation(act, [&]<Activation a>() {
    sum_rows(span, sum, sum_of_products,
             [=](const auto& memory, Index i, Index c, V& first, V& second) DANAS_ALWAYS_INLINE {
               const V g = masked<a>(memory, memory.load(dy + i), y + i);
               first = first + g;
               second = fma(g, memory.load(x + i) - memory.load(mean + c), second);
             });
  });
}

void normalize_backward(const Span& span, const float* x, const float* y, const float* dy, const float* mean,
                        const float* a, const float* b, const float* c, Activation act, float* dx) {
  with_activation(act, [&]<Activation kind>() {
    for_span(span, [=](const auto& memory, Index i, Index column) DANAS_ALWAYS_INLINE {
      const V g = masked<kind>(memory, memory.load(dy + i), y + i);
      const V centered = memory.load(x + i) - memory.load(mean + column);
      const V rest = fma(centered, memory.load(b + column), memory.load(c + column));
      memory.store(dx + i, fma(g, memory.load(a + column), rest));
    });
  });
}

}  // namespace danas::cpu::DANAS_SIMD
