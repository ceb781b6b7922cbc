// Depthwise convolution: tasks are blocks of output rows of one image, so that one image already uses all threads.
#include <algorithm>
#include <cstring>
#include <utility>

#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {

struct CpuBackend::DepthwiseShape {
  DepthwiseShape(const View& x, const Filter& w, const Geometry& geometry, const View& y)
      : images(x.n), in_h(x.h), in_w(x.w), out_h(y.h), out_w(y.w), channels(x.c), kernel_y(w.h), kernel_x(w.w),
        stride(geometry.stride), padding_y(padding_before(x.h, w.h, geometry)),
        padding_x(padding_before(x.w, w.w, geometry)) {}

  Index images, in_h, in_w, out_h, out_w, channels, kernel_y, kernel_x, stride, padding_y, padding_x;

  /// Taps [first, last) of output `o` that are inside an input of `size`.
  struct Range {
    Index first, last;
  };
  static Range taps(Index o, Index stride, Index padding, Index kernel, Index size) {
    const Index begin = o * stride - padding, first = std::clamp<Index>(-begin, 0, kernel);
    return {first, std::clamp<Index>(size - begin, first, kernel)};
  }
  Range taps_y(Index oy) const { return taps(oy, stride, padding_y, kernel_y, in_h); }
  Range taps_x(Index ox) const { return taps(ox, stride, padding_x, kernel_x, in_w); }

  /// Output columns [first, last) whose taps are all inside, where there is a kernel for whole runs of them.
  Range inner() const {
    if (kernel_y != 3 || kernel_x != 3 || stride > 2) return {0, 0};
    Index first = 0, last = out_w;
    while (first < last && first * stride < padding_x) ++first;
    while (last > first && (last - 1) * stride - padding_x + kernel_x > in_w) --last;
    return {first, last};
  }

  Index input(Index image, Index y, Index x) const { return ((image * in_h + y) * in_w + x) * channels; }
  Index output(Index image, Index y, Index x) const { return ((image * out_h + y) * out_w + x) * channels; }
};

namespace {

/// Rows of a task: about 64 KiB of output, at least four tasks an image where it has the rows.
Index rows_per_task(Index rows, Index row_size) {
  return std::clamp<Index>(16384 / std::max<Index>(row_size, 1), 1, divide_up(rows, 4));
}

}  // namespace

void CpuBackend::depthwise_rows(const DepthwiseShape& shape, const float* x, const Filter& w, const float* bias,
                                Activation act, float* y) {
  const Index block = rows_per_task(shape.out_h, shape.out_w * shape.channels), blocks = divide_up(shape.out_h, block);
  const float* weights = w.as<const float>();
  const auto inner = shape.inner();

  pool_.run(shape.images * blocks, [&](std::int64_t task, int worker) {
    std::vector<Tap>& taps = workers_[static_cast<std::size_t>(worker)].taps;
    const Index image = task / blocks, begin = task % blocks * block, end = std::min(begin + block, shape.out_h);
    const auto pixel = [&](Index oy, Index ox, const DepthwiseShape::Range& ys) {
      const auto xs = shape.taps_x(ox);
      taps.clear();
      for (Index ky = ys.first; ky < ys.last; ++ky)
        for (Index kx = xs.first; kx < xs.last; ++kx)
          taps.push_back({x + shape.input(image, oy * shape.stride - shape.padding_y + ky,
                                          ox * shape.stride - shape.padding_x + kx),
                          weights + (ky * shape.kernel_x + kx) * w.tap_stride});
      kernels_.depthwise_pixel(taps.data(), static_cast<Index>(taps.size()), shape.channels, bias, act,
                               y + shape.output(image, oy, ox));
    };
    for (Index oy = begin; oy < end; ++oy) {
      const auto ys = shape.taps_y(oy);
      for (Index ox = 0; ox < inner.first; ++ox) pixel(oy, ox, ys);
      if (inner.first < inner.last)
        kernels_.depthwise_row({.stride = static_cast<int>(shape.stride),
                                .taps_y = static_cast<int>(ys.last - ys.first),
                                .x = x + shape.input(image, oy * shape.stride - shape.padding_y + ys.first,
                                                     inner.first * shape.stride - shape.padding_x),
                                .x_row = shape.in_w * shape.channels,
                                .w = weights + ys.first * 3 * w.tap_stride,
                                .tap_stride = w.tap_stride,
                                .channels = shape.channels,
                                .pixels = inner.last - inner.first,
                                .bias = bias,
                                .act = act,
                                .y = y + shape.output(image, oy, inner.first)});
      for (Index ox = inner.last; ox < shape.out_w; ++ox) pixel(oy, ox, ys);
    }
  });
}

// dx of a strided convolution, pixel by pixel from the outputs that saw it.
void CpuBackend::depthwise_scatter(const DepthwiseShape& shape, const float* dy, const Filter& w, float* dx) {
  const Index block = rows_per_task(shape.in_h, shape.in_w * shape.channels), blocks = divide_up(shape.in_h, block);
  const float* weights = w.as<const float>();

  pool_.run(shape.images * blocks, [&](std::int64_t task, int worker) {
    std::vector<Tap>& taps = workers_[static_cast<std::size_t>(worker)].taps;
    const Index image = task / blocks, begin = task % blocks * block, end = std::min(begin + block, shape.in_h);
    for (Index iy = begin; iy < end; ++iy)
      for (Index ix = 0; ix < shape.in_w; ++ix) {
        taps.clear();
        for (Index ky = (iy + shape.padding_y) % shape.stride; ky < shape.kernel_y; ky += shape.stride) {
          const Index oy = (iy + shape.padding_y - ky) / shape.stride;
          if (ky > iy + shape.padding_y || oy >= shape.out_h) continue;
          for (Index kx = (ix + shape.padding_x) % shape.stride; kx < shape.kernel_x; kx += shape.stride) {
            const Index ox = (ix + shape.padding_x - kx) / shape.stride;
            if (kx > ix + shape.padding_x || ox >= shape.out_w) continue;
            taps.push_back({dy + shape.output(image, oy, ox), weights + (ky * shape.kernel_x + kx) * w.tap_stride});
          }
        }
        kernels_.depthwise_pixel(taps.data(), static_cast<Index>(taps.size()), shape.channels, nullptr,
                                 Activation::none, dx + shape.input(image, iy, ix));
      }
  });
}

void CpuBackend::depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                           const View& y) {
  shapes::depthwise("depthwise", Type::f32, x, w, geometry, y);
  shapes::optional_vector("depthwise", Type::f32, bias, w.out);
  depthwise_rows(DepthwiseShape(x, w, geometry, y), x.as<const float>(), w, bias.as<const float>(), act, y.as<float>());
}

// With stride 1 the gradient is the same convolution with the filter turned around and the rest of the padding.
void CpuBackend::depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) {
  shapes::depthwise("depthwise_backward_input", Type::f32, dx, w, geometry, dy);
  DepthwiseShape shape(dx, w, geometry, dy);
  if (shape.stride != 1) {
    depthwise_scatter(shape, dy.as<const float>(), w, dx.as<float>());
    return;
  }
  std::swap(shape.in_h, shape.out_h);
  std::swap(shape.in_w, shape.out_w);
  shape.padding_y = shape.kernel_y - 1 - shape.padding_y;
  shape.padding_x = shape.kernel_x - 1 - shape.padding_x;
  const Index taps = w.h * w.w;
  float* turned = packed_.take(taps * w.out);
  for (Index tap = 0; tap < taps; ++tap)
    std::memcpy(turned + (taps - 1 - tap) * w.out, w.as<const float>() + tap * w.tap_stride,
                static_cast<std::size_t>(w.out) * sizeof(float));
  depthwise_rows(shape, dy.as<const float>(), dense_filter(Type::f32, turned, w.h, w.w, 1, w.out), nullptr,
                 Activation::none, dx.as<float>());
}

// A fixed number of chunks of output rows, each with its own sum, added in order.
void CpuBackend::depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) {
  shapes::depthwise("depthwise_backward_filter", Type::f32, x, dw, geometry, dy);
  const DepthwiseShape shape(x, dw, geometry, dy);
  const Index all_rows = shape.images * shape.out_h, taps_count = shape.kernel_y * shape.kernel_x;
  const Index chunk = std::max<Index>(1, divide_up(all_rows, 32)), chunks = divide_up(all_rows, chunk);
  const Index size = taps_count * shape.channels;
  float* partials = partials_.take(std::max<Index>(chunks, 1) * size);
  if (chunks == 0) std::fill(partials, partials + size, 0.0f);
  const auto inner = shape.inner();
  const float *in = x.as<const float>(), *gradient = dy.as<const float>();

  pool_.run(chunks, [&](std::int64_t task, int worker) {
    std::vector<FilterTap>& taps = workers_[static_cast<std::size_t>(worker)].filter_taps;
    float* sum = partials + task * size;
    std::fill(sum, sum + size, 0.0f);
    const Index end = std::min((task + 1) * chunk, all_rows);
    for (Index row = task * chunk; row < end; ++row) {
      const Index image = row / shape.out_h, oy = row % shape.out_h;
      const auto ys = shape.taps_y(oy);
      const auto pixel = [&](Index ox) {
        const auto xs = shape.taps_x(ox);
        taps.clear();
        for (Index ky = ys.first; ky < ys.last; ++ky)
          for (Index kx = xs.first; kx < xs.last; ++kx)
            taps.push_back({in + shape.input(image, oy * shape.stride - shape.padding_y + ky,
                                             ox * shape.stride - shape.padding_x + kx),
                            sum + (ky * shape.kernel_x + kx) * shape.channels});
        kernels_.depthwise_filter_pixel(taps.data(), static_cast<Index>(taps.size()), shape.channels,
                                        gradient + shape.output(image, oy, ox));
      };
      for (Index ox = 0; ox < inner.first; ++ox) pixel(ox);
      if (inner.first < inner.last)
        kernels_.depthwise_filter_row({.stride = static_cast<int>(shape.stride),
                                       .taps_y = static_cast<int>(ys.last - ys.first),
                                       .x = in + shape.input(image, oy * shape.stride - shape.padding_y + ys.first,
                                                             inner.first * shape.stride - shape.padding_x),
                                       .x_row = shape.in_w * shape.channels,
                                       .dy = gradient + shape.output(image, oy, inner.first),
                                       .channels = shape.channels,
                                       .pixels = inner.last - inner.first,
                                       .dw = sum + ys.first * 3 * shape.channels});
      for (Index ox = inner.last; ox < shape.out_w; ++ox) pixel(ox);
    }
  });

  kernels_.sum_partials(size, partials, std::max<Index>(chunks, 1), size, partials);
  for (Index tap = 0; tap < taps_count; ++tap)
    std::memcpy(dw.as<float>() + tap * dw.tap_stride, partials + tap * shape.channels,
                static_cast<std::size_t>(shape.channels) * sizeof(float));
}

}  // namespace danas::cpu
