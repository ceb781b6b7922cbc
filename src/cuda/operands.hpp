// Views and filters as kernels know them: for the launchers.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "cuda/rows.cuh"
#include "tensor/view.hpp"

namespace danas::cuda {

// clang-format off
template <class Element> inline constexpr Type type_of = Type::f32;
template <> inline constexpr Type type_of<__half> = Type::f16;
template <> inline constexpr Type type_of<__nv_bfloat16> = Type::bf16;
// clang-format on

/// How many numbers may be accessed at a time (Rows::unit): where the memory and all of `extents` are multiples of them.
template <class Element>
int unit_of(const void* data, std::initializer_list<std::int64_t> extents) {
  constexpr int size = Vector<Element>::size;
  const auto fits = [&](int unit) {
    if (reinterpret_cast<std::uintptr_t>(data) % (static_cast<std::size_t>(unit) * sizeof(Element)) != 0) return false;
    for (const std::int64_t extent : extents)
      if (extent % unit != 0) return false;
    return true;
  };
  if (fits(size)) return size;
  return size > 4 && fits(size / 2) ? size / 2 : 1;
}

template <class Element>
Rows<Element> rows_of(const View& view) {
  return {view.as<Element>(), view.c, unit_of<Element>(view.data, {view.c})};
}

template <class Element>
Flat<Element> flat_of(const View& view) {
  constexpr int size = Vector<Element>::size;
  const int unit = unit_of<Element>(view.data, {}) == size ? size : 1;
  return {{view.as<Element>(), size, unit}, view.size()};
}

template <class Element>
Weights<Element> weights_of(const Filter& filter) {
  const int unit = unit_of<Element>(filter.data, {filter.out, filter.row_stride, filter.tap_stride});
  return {{filter.as<Element>(), filter.row_stride, unit}, filter.tap_stride};
}

/// Vectors to a row.
template <class Element>
int columns_of(const View& view) {
  return static_cast<int>(divided_up(view.c, Vector<Element>::size));
}

/// Enough threads for a large GPU; where there are more rows than that, a thread has eight of them, for which it reads
/// what it knows of its channels once.
template <class Element>
Spread spread_of(const View& view) {
  constexpr Index few = Index{1} << 16, rows_of_thread = 8;
  const int columns = columns_of<Element>(view);
  const Index groups = view.rows() * columns <= few ? view.rows() : divided_up(view.rows(), rows_of_thread);
  return {view.rows(), groups, static_cast<int>(view.c), columns};
}

}  // namespace danas::cuda
