// Convolution as a matrix product of columns, made a block of output pixels at a time in a worker's scratch memory.
#include <algorithm>
#include <cstring>

#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {
namespace {

std::size_t bytes(Index floats) { return static_cast<std::size_t>(floats) * sizeof(float); }

/// The filter rows of a first layer are so short that a call would cost more than the copy.
void copy_row(float* to, const float* from, Index floats) {
  if (floats == 9) std::memcpy(to, from, bytes(9));
  else if (floats == 3) std::memcpy(to, from, bytes(3));
  else std::memcpy(to, from, bytes(floats));
}

bool is_matmul(const Filter& w, const Geometry& geometry) { return w.h == 1 && w.w == 1 && geometry.stride == 1; }

}  // namespace

CpuBackend::Rows CpuBackend::convolution_rows(const View& x, const Filter& w, const Geometry& geometry,
                                              const View& y) const {
  Rows rows;
  if (is_matmul(w, geometry)) rows.matrix = x.as<const float>();
  rows.image = &x;
  rows.kernel_y = w.h;
  rows.kernel_x = w.w;
  rows.out_h = y.h;
  rows.out_w = y.w;
  rows.stride = geometry.stride;
  rows.padding_y = padding_before(x.h, w.h, geometry);
  rows.padding_x = padding_before(x.w, w.w, geometry);
  rows.count = y.rows();
  rows.width = w.h * w.w * x.c;
  return rows;
}

const float* CpuBackend::fetch(const Rows& rows, Index begin, Index end, int worker) {
  if (rows.matrix) return rows.matrix + begin * rows.width;
  const View& x = *rows.image;
  float* out = workers_[static_cast<std::size_t>(worker)].rows.take((end - begin) * rows.width);
  float* columns = out;
  Index image = begin / (rows.out_h * rows.out_w), oy = begin / rows.out_w % rows.out_h, ox = begin % rows.out_w;
  for (Index row = begin; row < end; ++row) {
    const float* pixels = x.as<const float>() + image * x.h * x.w * x.c;
    const Index ix = ox * rows.stride - rows.padding_x;
    const Index first = std::clamp<Index>(-ix, 0, rows.kernel_x);
    const Index last = std::clamp<Index>(x.w - ix, first, rows.kernel_x);
    for (Index ky = 0; ky < rows.kernel_y; ++ky, out += rows.kernel_x * x.c) {
      const Index iy = oy * rows.stride - rows.padding_y + ky;
      if (iy < 0 || iy >= x.h || first == last) {
        std::memset(out, 0, bytes(rows.kernel_x * x.c));
        continue;
      }
      if (first > 0) std::memset(out, 0, bytes(first * x.c));
      copy_row(out + first * x.c, pixels + (iy * x.w + ix + first) * x.c, (last - first) * x.c);
      if (last < rows.kernel_x) std::memset(out + last * x.c, 0, bytes((rows.kernel_x - last) * x.c));
    }
    if (++ox < rows.out_w) continue;
    ox = 0;
    if (++oy < rows.out_h) continue;
    oy = 0;
    ++image;
  }
  return columns;
}

// Adds the columns of output pixels [begin, end) of one image to its input pixels.
void CpuBackend::scatter_columns(const float* columns, Index begin, Index end, const Rows& rows, float* image) const {
  const View& x = *rows.image;
  for (Index row = begin; row < end; ++row) {
    const Index oy = row / rows.out_w, ix = row % rows.out_w * rows.stride - rows.padding_x;
    const Index first = std::clamp<Index>(-ix, 0, rows.kernel_x);
    const Index last = std::clamp<Index>(x.w - ix, first, rows.kernel_x);
    for (Index ky = 0; ky < rows.kernel_y; ++ky, columns += rows.kernel_x * x.c) {
      const Index iy = oy * rows.stride - rows.padding_y + ky;
      if (iy < 0 || iy >= x.h || first == last) continue;
      float* out = image + (iy * x.w + ix + first) * x.c;
      kernels_.add((last - first) * x.c, out, columns + first * x.c, out);
    }
  }
}

void CpuBackend::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                             const View& y) {
  shapes::convolution("convolution", Type::f32, x, w, geometry, y);
  shapes::optional_vector("convolution", Type::f32, bias, w.out);
  product(convolution_rows(x, w, geometry, y), pack(w, false), bias.as<const float>(), act, y.as<float>());
}

void CpuBackend::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                             const Filter& dw) {
  shapes::convolution("convolution_backward_filter", Type::f32, x, dw, geometry, dy);
  filter_product(convolution_rows(x, dw, geometry, dy), dy.as<const float>(), dw.out, dw);
}

void CpuBackend::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) {
  shapes::convolution("convolution_backward_input", Type::f32, dx, w, geometry, dy);
  const PackedFilter packed = pack(w, true);
  if (is_matmul(w, geometry)) {
    product(dense_rows(dy), packed, nullptr, Activation::none, dx.as<float>());
    return;
  }
  const Rows rows = convolution_rows(dx, w, geometry, dy);
  const Index pixels = dy.h * dy.w, image_size = dx.h * dx.w * dx.c;
  const Index block = std::clamp<Index>(65536 / (rows.width + w.out) / 24, 1, 16) * 24;

  pool_.run(dx.n, [&](std::int64_t image, int worker) {
    float* out = dx.as<float>() + image * image_size;
    std::fill(out, out + image_size, 0.0f);
    float* columns = workers_[static_cast<std::size_t>(worker)].rows.take(block * rows.width);
    for (Index begin = 0; begin < pixels; begin += block) {
      const Index end = std::min(begin + block, pixels);
      for (const auto& panel : packed.panels)
        kernels_.matmul({.x = dy.as<const float>() + (image * pixels + begin) * w.out,
                         .x_stride = w.out,
                         .rows = end - begin,
                         .depth = w.out,
                         .panel = panel.values,
                         .vectors = panel.vectors,
                         .columns = panel.columns,
                         .bias = nullptr,
                         .act = Activation::none,
                         .y = columns + panel.column,
                         .y_stride = rows.width});
      scatter_columns(columns, begin, end, rows, out);
    }
  });
}

}  // namespace danas::cpu
