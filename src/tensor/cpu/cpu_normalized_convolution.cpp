// A convolution with its normalization, of small windows: from their covariance. What it gives before the normalization
// never exists, forward or backward. With C the windows' covariance, g the gradient by the output through the activation's
// mask, Q = Σ (window − mean)ᵀ·g and v = x·w: Σ g·(v − mean v) is wᵀ·Q, and as Σ (window − mean)ᵀ·(v − mean v)/M is C·w,
// dw = γ/σ·(Q − C·w·Σ g·(v − mean v)/σ²).
#include <algorithm>
#include <cmath>

#include "tensor/arena.hpp"
#include "tensor/cpu/block_covariance.hpp"
#include "tensor/cpu/windows.hpp"
#include "tensor/normalized_convolution.hpp"

namespace danas::cpu {
namespace {

/// A worker's memory.
struct Places {
  float *products, *shift, *tile, *values;
  Index used;
};

}  // namespace

// Sums of a block of rows are in single precision, of the blocks of a task and of the tasks in double.
template <class Right>
const double* CpuBackend::window_products(const Windows& windows, const float* center, Index columns,
                                          const Right& right) {
  constexpr Index most_tasks = 32, tile_pixels = 256;
  const Index block = windows.rows_per_task(), blocks_of_image = divide_up(windows.out_h, block);
  const Index blocks = windows.x.n * blocks_of_image, share = divide_up(blocks, most_tasks);
  const Index tasks = divide_up(blocks, share), width = windows.width() + 1, size = width * columns;
  const Index tile_rows = std::clamp<Index>(tile_pixels / windows.out_w, 1, block);
  double* sums = reinterpret_cast<double*>(partials_.take(2 * tasks * size));

  pool_.run(tasks, [&](std::int64_t task, int worker) {
    double* own = sums + task * size;
    std::fill_n(own, size, 0.0);
    const auto place = [&](Parts parts) {
      float* const products = parts.take(size);
      float* const shift = parts.take(width + vector_beyond);
      float* const tile = parts.take(tile_rows * windows.out_w * width + vector_beyond);
      return Places{products, shift, tile, parts.take(tile_rows * windows.out_w * columns), parts.used()};
    };
    const auto [products, shift, tile, values, used] =
        place(Parts(block_workers_[static_cast<std::size_t>(worker)].tiles.take(place(Parts()).used)));
    std::copy_n(center, width - 1, shift);
    for (Index i = task * share; i < std::min((task + 1) * share, blocks); ++i) {
      const Index image = i / blocks_of_image * windows.out_h, begin = image + i % blocks_of_image * block;
      const Index end = std::min(begin + block, image + windows.out_h);
      const float* rows = padded_rows(windows, begin, end, worker);
      for (Index row = begin; row < end; row += tile_rows) {
        const Index last = std::min(row + tile_rows, end), pixels = (last - row) * windows.out_w;
        for (Index each = row; each < last; ++each)
          kernels_.centered_windows({.x = rows + (each - begin) * windows.stride * windows.row,
                                     .x_stride = windows.step,
                                     .segments = windows.kernel_y,
                                     .segment_step = windows.row,
                                     .depth = windows.segment,
                                     .pixels = windows.out_w,
                                     .center = shift,
                                     .out = tile + (each - row) * windows.out_w * width});
        kernels_.filter({.a = tile,
                         .a_stride = width,
                         .a_columns = width,
                         .b = right(tile, row * windows.out_w, pixels, values),
                         .b_stride = columns,
                         .b_columns = columns,
                         .rows = pixels,
                         .out = products,
                         .out_stride = columns,
                         .accumulate = row != begin});
      }
      for (Index element = 0; element < size; ++element) own[element] += static_cast<double>(products[element]);
    }
  });
  for (Index task = 1; task < tasks; ++task)
    for (Index element = 0; element < size; ++element) sums[element] += sums[task * size + element];
  return sums;
}

// About the mean of the first image's pixels, from which the mean of n images is at most √n standard deviations away.
void CpuBackend::window_covariance(const Windows& windows, const Filter& dense, const ConvolutionSaved& saved) {
  const Index width = windows.width(), channels = windows.x.c, pixels = windows.x.h * windows.x.w;
  float* const mean = saved.window_mean.as<float>();
  kernels_.column_sums({pixels, channels, 0}, windows.x.as<const float>(), mean);
  for (Index c = 0; c < channels; ++c) mean[c] /= static_cast<float>(pixels);
  for (Index i = channels; i < width; ++i) mean[i] = mean[i - channels];

  const double* sums =
      window_products(windows, mean, width + 1, [](const float* tile, Index, Index, float*) { return tile; });
  const auto count = static_cast<double>(windows.out_rows * windows.out_w);
  double *covariance = reinterpret_cast<double*>(vectors_.take(2 * width * (width + 1))),
         *means = covariance + width * width;
  const auto shift = [&](Index i) { return sums[i * (width + 1) + width] / count; };
  for (Index i = 0; i < width; ++i) {
    for (Index j = 0; j < width; ++j) {
      covariance[i * width + j] = sums[i * (width + 1) + j] / count - shift(i) * shift(j);
      saved.window_covariance.as<float>()[i * width + j] = static_cast<float>(covariance[i * width + j]);
    }
    means[i] = static_cast<double>(mean[i]) + shift(i);
    mean[i] = static_cast<float>(means[i]);
  }
  product_statistics(pool_, means, covariance, dense, saved.statistics);
}

void CpuBackend::normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                                 const BatchNormWeights& weights, double epsilon, Activation act,
                                                 Arena& arena, const View& y, ConvolutionSaved& saved) {
  constexpr const char* op = "normalized_convolution_training";
  if (!keeps_window_covariance(w, y))
    return Backend::normalized_convolution_training(x, w, geometry, weights, epsilon, act, arena, y, saved);
  shapes::convolution(op, Type::f32, x, w, geometry, y);
  shapes::batch_norm_weights(op, Type::f32, weights, w.out);
  saved = take_window_covariance(arena, w);
  const ArenaScope scope(arena);
  const Filter folded = arena.take_filter(w.h, w.w, w.in, w.out);
  const View bias = arena.take_vector(w.out);
  copy(w, folded);
  window_covariance(Windows(x, w, geometry, y), dense_filter(Type::f32, folded.data, 1, 1, w.h * w.w * w.in, w.out),
                    saved);
  fold_batch_norm(w, {weights.gamma, weights.beta, saved.statistics.mean, saved.statistics.variance}, epsilon, folded,
                  bias);
  convolution(x, folded, geometry, bias, act, y);
}

void CpuBackend::normalized_convolution_backward(const View& x, const View& y, const View& dy, const Filter& w,
                                                 const Geometry& geometry, const BatchNormWeights& weights,
                                                 double epsilon, Activation act, const ConvolutionSaved& saved,
                                                 Arena& arena, const View& dx, const Filter& dw,
                                                 const BatchNormGradients& gradients) {
  constexpr const char* op = "normalized_convolution_backward";
  if (!saved.window_covariance.present() || dx.present())
    return Backend::normalized_convolution_backward(x, y, dy, w, geometry, weights, epsilon, act, saved, arena, dx, dw,
                                                    gradients);
  shapes::convolution(op, Type::f32, x, w, geometry, dy);
  shapes::same(op, Type::f32, y, dy);
  if (dw.present()) shapes::same(op, Type::f32, dw, w);
  shapes::optional_vector(op, Type::f32, gradients.gamma, w.out);
  shapes::optional_vector(op, Type::f32, gradients.beta, w.out);
  const double* sums =
      window_products(Windows(x, w, geometry, y), saved.window_mean.as<const float>(), w.out,
                      [&](const float*, Index first, Index pixels, float* values) {
                        kernels_.activation_backward(pixels * w.out, y.as<const float>() + first * w.out,
                                                     dy.as<const float>() + first * w.out, act, values);
                        return values;
                      });
  convolution_gradients(sums, w, weights, epsilon, saved, dw, gradients);
}

void CpuBackend::convolution_gradients(const double* sums, const Filter& w, const BatchNormWeights& weights,
                                       double epsilon, const ConvolutionSaved& saved, const Filter& dw,
                                       const BatchNormGradients& gradients) {
  const Index width = w.h * w.w * w.in, out = w.out;
  const auto row = [&w](const Filter& of, Index i) {
    return of.as<float>() + i / w.in * of.tap_stride + i % w.in * of.row_stride;
  };
  double *products = reinterpret_cast<double*>(vectors_.take(6 * out)), *factors = products + out,
         *mixed = factors + out;
  std::fill_n(products, out, 0.0);
  for (Index i = 0; i < width; ++i)
    for (Index c = 0; c < out; ++c) products[c] += static_cast<double>(row(w, i)[c]) * sums[i * out + c];
  for (Index c = 0; c < out; ++c) {
    const double inverse = 1 / std::sqrt(static_cast<double>(saved.statistics.variance.as<const float>()[c]) + epsilon);
    if (gradients.gamma.present()) gradients.gamma.as<float>()[c] = static_cast<float>(products[c] * inverse);
    if (gradients.beta.present()) gradients.beta.as<float>()[c] = static_cast<float>(sums[width * out + c]);
    products[c] *= inverse * inverse;
    factors[c] = static_cast<double>(weights.gamma.as<const float>()[c]) * inverse;
  }
  if (!dw.present()) return;
  for (Index i = 0; i < width; ++i) {
    std::fill_n(mixed, out, 0.0);
    for (Index j = 0; j < width; ++j) {
      const auto factor = static_cast<double>(saved.window_covariance.as<const float>()[i * width + j]);
      for (Index c = 0; c < out; ++c) mixed[c] += factor * static_cast<double>(row(w, j)[c]);
    }
    for (Index c = 0; c < out; ++c)
      row(dw, i)[c] = static_cast<float>(factors[c] * (sums[i * out + c] - mixed[c] * products[c]));
  }
}

}  // namespace danas::cpu
