// Convolutions and matrix products.
#include <algorithm>

#include "cuda/cuda_backend.hpp"
#include "cuda/launch.hpp"
#include "cuda/product.cuh"
#include "tensor/shapes.hpp"

namespace danas::cuda {

namespace {

constexpr Geometry pointwise{1, Padding::same};

// One tap that sees its own pixel: rows are used as they lie.
bool plain(const Filter& w, const Geometry& geometry) { return w.h == 1 && w.w == 1 && geometry.stride == 1; }

// The width of tile that wastes least of its columns; of several the widest, which reads the left factor least.
int tile_width(int width) {
  if (width <= 16) return 16;
  return divided_up(width, 64) * 64 <= divided_up(width, 32) * 32 ? 64 : 32;
}

}  // namespace

Window window_of(const char* name, const View& x, const View& y, const Filter& w, const Geometry& geometry) {
  const auto number = [=](std::int64_t value) { return count_of(name, value); };
  return {.h = number(x.h),
          .w = number(x.w),
          .out_h = number(y.h),
          .out_w = number(y.w),
          .kernel_h = number(w.h),
          .kernel_w = number(w.w),
          .stride = geometry.stride,
          .top = number(padding_before(x.h, w.h, geometry)),
          .left = number(padding_before(x.w, w.w, geometry))};
}

template <class Problem>
void CudaBackend::run_product(const char* name, Problem problem, int parts) {
  const auto run = [&](auto tile) {
    using T = decltype(tile);
    const dim3 grid(static_cast<unsigned>(divided_up(problem.height, T::height)),
                    static_cast<unsigned>(divided_up(problem.width, T::width)), static_cast<unsigned>(parts));
    launch(name, product<T, Problem>, grid, dim3(product_threads), stream(), problem);
  };
  if (problem.height == 0) return;
  switch (tile_width(problem.width)) {
    case 16: run(Tile<16>{}); break;
    case 32: run(Tile<32>{}); break;
    default: run(Tile<64>{});
  }
}

// Few channels and many rows: the rows are cut in parts so that there are blocks for the whole device.
template <class Rows>
void CudaBackend::filter_product(const char* name, const Rows& rows, const View& dy, const Filter& dw) {
  constexpr Index least_rows = 1024, wanted_blocks = 512;
  const int height = count_of(name, dw.h * dw.w * dw.in), width = count_of(name, dw.out);
  const int depth = count_of(name, dy.rows());
  const Index tiles = divided_up(height, 64) * divided_up(width, 64);
  const Index fitting = static_cast<Index>(workspace_bytes / sizeof(float)) / dw.size();
  const Index wanted = std::min(divided_up(depth, least_rows), divided_up(wanted_blocks, tiles));
  const int part = static_cast<int>(
      divided_up(divided_up(depth, std::max<Index>(std::min(wanted, fitting), 1)), product_depth) * product_depth);
  const int parts = static_cast<int>(divided_up(depth, part));
  FilterProduct<Rows> problem{rows, dy.as<const float>(), weights_of(dw), 0, height, width, depth, part};
  if (parts == 1) return run_product(name, problem, 1);
  problem.dw = {workspace<float>(), dw.in * dw.out, dw.out};
  problem.part_stride = dw.size();
  run_product(name, problem, parts);
  launch_each(name, dw.size(), stream(),
              SumOfParts{workspace<float>(), weights_of(dw), dw.size(), count_of(name, dw.in), width, parts});
}

void CudaBackend::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                              Activation act, const View& y) {
  constexpr const char* op = "convolution";
  shapes::convolution(op, Type::f32, x, w, geometry, y);
  shapes::optional_vector(op, Type::f32, bias, y.c);
  const int rows = count_of(op, y.rows()), width = count_of(op, w.out), depth = count_of(op, w.h * w.w * w.in);
  const auto run = [&](const auto& factor) {
    run_product(op,
                ForwardProduct<std::decay_t<decltype(factor)>>{factor, weights_of(w), bias.as<const float>(), act,
                                                               y.as<float>(), rows, width, depth, depth},
                1);
  };
  const int channels = count_of(op, x.c);
  if (plain(w, geometry)) run(PlainRows{x.as<const float>(), channels});
  else run(SeenRows{x.as<const float>(), channels, window_of(op, x, y, w, geometry)});
}

void CudaBackend::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                             const View& dx) {
  constexpr const char* op = "convolution_backward_input";
  shapes::convolution(op, Type::f32, dx, w, geometry, dy);
  const int rows = count_of(op, dx.rows()), width = count_of(op, w.in), depth = count_of(op, w.h * w.w * w.out);
  const auto run = [&](const auto& factor) {
    run_product(
        op,
        InputProduct<std::decay_t<decltype(factor)>>{factor, weights_of(w), dx.as<float>(), rows, width, depth, depth},
        1);
  };
  const int channels = count_of(op, dy.c);
  if (plain(w, geometry)) run(PlainRows{dy.as<const float>(), channels});
  else run(SeeingRows{dy.as<const float>(), channels, window_of(op, dx, dy, w, geometry)});
}

void CudaBackend::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                              const Filter& dw) {
  constexpr const char* op = "convolution_backward_filter";
  shapes::convolution(op, Type::f32, x, dw, geometry, dy);
  const int channels = count_of(op, x.c);
  if (plain(dw, geometry)) filter_product(op, PlainRows{x.as<const float>(), channels}, dy, dw);
  else filter_product(op, SeenRows{x.as<const float>(), channels, window_of(op, x, dy, dw, geometry)}, dy, dw);
}

// A dense layer is a 1×1 convolution of pixels of its own.
void CudaBackend::matmul(const View& x, const Filter& w, const View& bias, Activation act, const View& y) {
  shapes::matmul("matmul", Type::f32, x, w, y);
  convolution({x.type, x.data, x.rows(), 1, 1, x.c}, w, pointwise, bias, act, {y.type, y.data, y.rows(), 1, 1, y.c});
}

void CudaBackend::matmul_backward_input(const View& dy, const Filter& w, const View& dx) {
  shapes::matmul("matmul_backward_input", Type::f32, dx, w, dy);
  convolution_backward_input({dy.type, dy.data, dy.rows(), 1, 1, dy.c}, w, pointwise,
                             {dx.type, dx.data, dx.rows(), 1, 1, dx.c});
}

void CudaBackend::matmul_backward_filter(const View& x, const View& dy, const Filter& dw) {
  shapes::matmul("matmul_backward_filter", Type::f32, x, dw, dy);
  convolution_backward_filter({x.type, x.data, x.rows(), 1, 1, x.c}, {dy.type, dy.data, dy.rows(), 1, 1, dy.c},
                              pointwise, dw);
}

}  // namespace danas::cuda
