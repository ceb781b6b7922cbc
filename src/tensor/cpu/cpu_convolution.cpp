// Convolution as a matrix product. A window of the input, all channels of some neighboring pixels of some rows, is a
// segment for each filter row, read where it lies: in a copy of the rows with their padding, made a block of output rows
// at a time in a worker's scratch memory.
#include <algorithm>
#include <cstring>

#include "tensor/cpu/windows.hpp"

namespace danas::cpu {

namespace {

std::size_t bytes(Index floats) { return static_cast<std::size_t>(floats) * sizeof(float); }

bool is_matmul(const Filter& w, const Geometry& geometry) { return w.h == 1 && w.w == 1 && geometry.stride == 1; }

}  // namespace

// kernel_y rows for each output row, those of the next stride rows further: an image's rows are there once.
const float* CpuBackend::padded_rows(const Windows& windows, Index begin, Index end, int worker) {
  const View& x = windows.x;
  const Index image = begin / windows.out_h, first = begin % windows.out_h * windows.stride - windows.padding_y;
  const Index count = (end - begin - 1) * windows.stride + windows.kernel_y;
  const Index left = std::min(windows.padding_x * x.c, windows.row);
  const Index inside = std::min(x.w * x.c, windows.row - left);
  float* const rows = workers_[static_cast<std::size_t>(worker)].rows.take(count * windows.row + vector_beyond);
  for (Index i = 0; i < count; ++i) {
    float* out = rows + i * windows.row;
    const Index y = first + i;
    if (y < 0 || y >= x.h) {
      std::memset(out, 0, bytes(windows.row));
      continue;
    }
    std::memset(out, 0, bytes(left));
    std::memcpy(out + left, x.as<const float>() + (image * x.h + y) * x.w * x.c, bytes(inside));
    std::memset(out + left + inside, 0, bytes(windows.row - left - inside));
  }
  return rows;
}

// Adds the columns of output pixels [begin, end) of one image to its input pixels.
void CpuBackend::scatter_columns(const float* columns, Index begin, Index end, const Windows& windows,
                                 float* image) const {
  const View& x = windows.x;
  for (Index row = begin; row < end; ++row) {
    const Index oy = row / windows.out_w, ix = row % windows.out_w * windows.stride - windows.padding_x;
    const Index first = std::clamp<Index>(-ix, 0, windows.kernel_x);
    const Index last = std::clamp<Index>(x.w - ix, first, windows.kernel_x);
    for (Index ky = 0; ky < windows.kernel_y; ++ky, columns += windows.segment) {
      const Index iy = oy * windows.stride - windows.padding_y + ky;
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
  const PackedFilter packed = pack(w, false);
  if (is_matmul(w, geometry)) return product(rows_of(x), packed, bias.as<const float>(), act, y.as<float>());

  const Windows windows(x, w, geometry, y);
  const Index block = windows.rows_per_task(), blocks = divide_up(windows.out_h, block);
  pool_.run(x.n * blocks, [&](std::int64_t task, int worker) {
    const Index image = task / blocks * windows.out_h, begin = image + task % blocks * block;
    const Index end = std::min(begin + block, image + windows.out_h);
    const float* rows = padded_rows(windows, begin, end, worker);
    for (Index row = begin; row < end; ++row)
      for (const auto& panel : packed.panels)
        kernels_.matmul({.x = rows + (row - begin) * windows.stride * windows.row,
                         .x_stride = windows.step,
                         .rows = windows.out_w,
                         .depth = windows.segment,
                         .panel = panel.values,
                         .vectors = panel.vectors,
                         .columns = panel.columns,
                         .bias = bias.present() ? bias.as<const float>() + panel.column : nullptr,
                         .act = act,
                         .y = y.as<float>() + row * windows.out_w * w.out + panel.column,
                         .y_stride = w.out,
                         .segments = windows.kernel_y,
                         .segment_step = windows.row});
  });
}

// A few chunks of blocks of rows have a partial sum each.
void CpuBackend::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                             const Filter& dw) {
  shapes::convolution("convolution_backward_filter", Type::f32, x, dw, geometry, dy);
  if (is_matmul(dw, geometry)) return filter_product(rows_of(x), dy.as<const float>(), dw.out, dw);
  const Windows windows(x, dw, geometry, dy);
  const Index block = windows.rows_per_task(), blocks_of_image = divide_up(windows.out_h, block);
  const Index blocks = x.n * blocks_of_image, chunk = std::max<Index>(1, divide_up(blocks, 16));
  const Index chunks = std::max<Index>(1, divide_up(blocks, chunk)), size = windows.width() * dw.out;
  float* partials = partials_.take(chunks * size);
  pool_.run(chunks, [&](std::int64_t task, int worker) {
    float* out = partials + task * size;
    std::fill(out, out + size, 0.0f);
    for (Index i = task * chunk; i < std::min((task + 1) * chunk, blocks); ++i) {
      const Index image = i / blocks_of_image * windows.out_h, begin = image + i % blocks_of_image * block;
      const Index end = std::min(begin + block, image + windows.out_h);
      const float* rows = padded_rows(windows, begin, end, worker);
      for (Index row = begin; row < end; ++row)
        kernels_.window_filter({.x = rows + (row - begin) * windows.stride * windows.row,
                                .x_stride = windows.step,
                                .segments = windows.kernel_y,
                                .segment_step = windows.row,
                                .depth = windows.segment,
                                .dy = dy.as<const float>() + row * windows.out_w * dw.out,
                                .columns = dw.out,
                                .pixels = windows.out_w,
                                .out = out});
    }
  });
  sum_filter(partials, chunks, windows.width(), dw.out, false, dw);
}

void CpuBackend::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) {
  shapes::convolution("convolution_backward_input", Type::f32, dx, w, geometry, dy);
  const PackedFilter packed = pack(w, true);
  if (is_matmul(w, geometry)) {
    product(rows_of(dy), packed, nullptr, Activation::none, dx.as<float>());
    return;
  }
  const Windows windows(dx, w, geometry, dy);
  const Index pixels = dy.h * dy.w, image_size = dx.h * dx.w * dx.c, width = windows.width();
  const Index block = std::clamp<Index>(65536 / (width + w.out) / 24, 1, 16) * 24;

  pool_.run(dx.n, [&](std::int64_t image, int worker) {
    float* out = dx.as<float>() + image * image_size;
    std::fill(out, out + image_size, 0.0f);
    float* columns = workers_[static_cast<std::size_t>(worker)].rows.take(block * width);
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
                         .y_stride = width});
      scatter_columns(columns, begin, end, windows, out);
    }
  });
}

}  // namespace danas::cpu
