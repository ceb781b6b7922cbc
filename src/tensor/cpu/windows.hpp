// What the output pixels of a convolution see of its input.
#pragma once

#include <algorithm>

#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {

constexpr Index vector_beyond = 16;  ///< floats that CenteredWindows' operands have beyond their end

struct CpuBackend::Windows {
  Windows(const View& input, const Filter& w, const Geometry& geometry, const View& output)
      : x(input), kernel_y(w.h), kernel_x(w.w), out_h(output.h), out_w(output.w), out_rows(output.n * output.h),
        stride(geometry.stride), padding_y(padding_before(x.h, w.h, geometry)),
        padding_x(padding_before(x.w, w.w, geometry)), segment(w.w * x.c), step(geometry.stride * x.c),
        row(((output.w - 1) * geometry.stride + w.w) * x.c) {}

  /// Output rows of a task: about 64 KiB of input.
  Index rows_per_task() const { return std::clamp<Index>(16384 / std::max<Index>(1, row * stride), 1, 64); }
  Index width() const { return kernel_y * segment; }

  const View& x;
  Index kernel_y, kernel_x, out_h, out_w, out_rows, stride, padding_y, padding_x;
  Index segment, step, row;  ///< floats of a window's part in a row, from a window to the next, of a padded row
};

}  // namespace danas::cpu
