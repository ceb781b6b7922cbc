// Which pixels a convolution's taps join.
#pragma once

#include "cuda/gpu.cuh"

namespace danas::cuda {

/// x [n, h, w, ·] and y [n, out_h, out_w, ·]: y's pixel (oy, ox) sees x's (oy·stride + ky − top, ox·stride + kx − left).
struct Window {
  int h, w, out_h, out_w;
  int kernel_h, kernel_w, stride, top, left;

  __host__ __device__ int taps() const { return kernel_h * kernel_w; }

  /// Of the pixels of x, by number, the one that tap `tap` of y's pixel `row` sees, or −1: outside.
  __device__ Index seen(int row, int tap) const {
    const int ox = row % out_w, line = row / out_w, oy = line % out_h, n = line / out_h;
    const int iy = oy * stride + tap / kernel_w - top, ix = ox * stride + tap % kernel_w - left;
    if (iy < 0 || iy >= h || ix < 0 || ix >= w) return -1;
    return (Index{n} * h + iy) * w + ix;
  }

  /// Of the pixels of y, by number, the one that sees x's pixel `row` through tap `tap`, or −1: none.
  __device__ Index seeing(int row, int tap) const {
    const int ix = row % w, line = row / w, iy = line % h, n = line / h;
    const int oy = output_of(iy + top - tap / kernel_w, out_h), ox = output_of(ix + left - tap % kernel_w, out_w);
    return oy < 0 || ox < 0 ? -1 : (Index{n} * out_h + oy) * out_w + ox;
  }

  /// Of an axis of so many outputs the one whose tap lies `position` after the padding's begin, or −1.
  __device__ int output_of(int position, int outputs) const {
    return position < 0 || position % stride != 0 || position / stride >= outputs ? -1 : position / stride;
  }
};

}  // namespace danas::cuda
