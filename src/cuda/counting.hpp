// What the files that count launches share.
#pragma once

#include <cmath>

#include "tensor/backend.hpp"

namespace danas::cuda {

inline constexpr double workspace_bytes = 16 << 20;  // of a CudaBackend
inline constexpr double number = sizeof(float), sum = sizeof(double), row_loss = 16;

inline double divided_up(double a, double b) { return std::ceil(a / b); }
inline double rounded_up(double a, double b) { return divided_up(a, b) * b; }
inline double elements(const View& view) { return static_cast<double>(view.size()); }
inline double elements(const Filter& filter) { return static_cast<double>(filter.size()); }
inline double rows_of(const View& view) { return static_cast<double>(view.rows()); }
inline double rows_of(const Filter& filter) { return static_cast<double>(filter.h * filter.w * filter.in); }
inline double channels_of(const View& view) { return static_cast<double>(view.c); }
inline double taps(const Filter& filter) { return static_cast<double>(filter.h * filter.w); }

inline double size(const View& view) { return view.present() ? static_cast<double>(view.bytes()) : 0; }
inline double size(const Filter& filter) { return elements(filter) * static_cast<double>(bytes_of(filter.type)); }

inline double masks(Activation act, double bytes) { return act == Activation::none ? 0 : bytes; }

// As that of launch_parts.hpp.
inline double columns_of_block(double columns, double most) {
  double block = 1;
  while (block < columns && block < most) block *= 2;
  return block;
}

inline View as_rows(const View& view) { return {view.type, view.data, view.rows(), 1, 1, view.c}; }

}  // namespace danas::cuda
