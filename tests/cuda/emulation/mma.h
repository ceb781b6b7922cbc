// Stands in for the toolkit's header of the same name: products of 16×16×16, for which the 32 threads of a warp meet. Where
// a number of a fragment is, nobody may know: element (row, column) lies in thread (16·row + column)/8 here. A product is
// what all of k add up to in f32, once, to what the accumulator held.
#pragma once

#include <cstdint>
#include <type_traits>

#include "machine.hpp"

namespace nvcuda::wmma {

struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int m, int n, int k, class Element, class Layout = void>
struct fragment {
  static_assert(m == 16 && n == 16 && k == 16);
  float numbers[8];
};

template <class Fragment>
void fill_fragment(Fragment& fragment, float number) {
  for (float& each : fragment.numbers) each = number;
}

/// body(number, place) for each number of this thread, and its place in memory.
template <class Element, class Body>
void each_number(float (&numbers)[8], const Element* memory, unsigned pitch, bool by_columns, unsigned line,
                 const Body& body) {
  danas::emulation::check(reinterpret_cast<std::uintptr_t>(memory) % 32 == 0,
                          "a fragment that is not aligned to 32 bytes", line);
  danas::emulation::check(pitch * sizeof(Element) % 16 == 0, "a pitch that is no multiple of 16 bytes", line);
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned element = danas::emulation::lane() * 8 + i, row = element / 16, column = element % 16;
    body(numbers[i], by_columns ? column * pitch + row : row * pitch + column);
  }
}

template <class Use, class Element, class Layout>
void load_matrix_sync(fragment<Use, 16, 16, 16, Element, Layout>& fragment, const Element* memory, unsigned pitch,
                      unsigned line = __builtin_LINE()) {
  each_number(fragment.numbers, memory, pitch, std::is_same_v<Layout, col_major>, line,
              [&](float& number, unsigned place) { number = memory[place]; });
}

inline void store_matrix_sync(float* memory, fragment<accumulator, 16, 16, 16, float>& fragment, unsigned pitch,
                              layout_t layout, unsigned line = __builtin_LINE()) {
  each_number(fragment.numbers, memory, pitch, layout == mem_col_major, line,
              [&](float& number, unsigned place) { memory[place] = number; });
}

/// What each thread brings to a product.
struct Shares {
  float* sums;
  const float *a, *b;
};
void multiply(void** all);

template <class Element, class A, class B>
void mma_sync(fragment<accumulator, 16, 16, 16, float>& sums, const fragment<matrix_a, 16, 16, 16, Element, A>& a,
              const fragment<matrix_b, 16, 16, 16, Element, B>& b,
              const fragment<accumulator, 16, 16, 16, float>& before, unsigned line = __builtin_LINE()) {
  sums = before;
  Shares mine{sums.numbers, a.numbers, b.numbers};
  danas::emulation::meet_warp(line, &mine, multiply);
}

}  // namespace nvcuda::wmma
