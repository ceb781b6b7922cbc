// Convolutions and matrix products.
#include <algorithm>

#include "cuda/cuda_operations.hpp"
#include "cuda/launch_parts.hpp"
#include "cuda/product_f32.cuh"
#include "cuda/product_tensor.cuh"

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

template <class Element>
template <class Problem>
void CudaOperations<Element>::run_product(const char* name, const Problem& problem, int parts) {
  const auto run = [&](auto tile) {
    using T = decltype(tile);
    constexpr bool tensor = sizeof(Element) < sizeof(float);
    constexpr int height = tensor ? tensor_height : T::height, threads = tensor ? tensor_threads : product_threads;
    const dim3 grid(static_cast<unsigned>(divided_up(problem.height, height)),
                    static_cast<unsigned>(divided_up(problem.width, T::width)), static_cast<unsigned>(parts));
    if constexpr (tensor)
      launch(name, product_tensor<T::width, Element, Problem>, grid, dim3(threads), stream(), problem);
    else launch(name, product_f32<T, Problem>, grid, dim3(threads), stream(), problem);
  };
  if (problem.height == 0) return;
  switch (tile_width(problem.width)) {
    case 16: run(Tile<16>{}); break;
    case 32: run(Tile<32>{}); break;
    default: run(Tile<64>{});
  }
}

// Few channels and many rows: the rows are cut in parts so that there are blocks for the whole device.
template <class Element>
template <class Left>
void CudaOperations<Element>::filter_product(const char* name, const Left& rows, const View& dy, const Filter& dw) {
  constexpr Index least_rows = 1024, wanted_blocks = 512;
  const int height = count_of(name, dw.h * dw.w * dw.in), width = count_of(name, dw.out);
  const int depth = count_of(name, dy.rows());
  const Index tiles = divided_up(height, 64) * divided_up(width, 64);
  const Index fitting = static_cast<Index>(workspace_bytes / sizeof(float)) / dw.size();
  const Index wanted = std::min(divided_up(depth, least_rows), divided_up(wanted_blocks, tiles));
  const int part = static_cast<int>(
      divided_up(divided_up(depth, std::max<Index>(std::min(wanted, fitting), 1)), tensor_depth) * tensor_depth);
  const int parts = static_cast<int>(divided_up(depth, part));
  FilterProduct<Element, Left> problem{rows, rows_of<Element>(dy), weights_of<float>(dw), 0, height, width, depth,
                                       part};
  if (parts == 1) return run_product(name, problem, 1);
  problem.dw = weights_of<float>(dense_filter(Type::f32, workspace<float>(), dw.h, dw.w, dw.in, dw.out));
  problem.part_stride = dw.size();
  run_product(name, problem, parts);
  launch_totals(name, dw.size(), parts, stream(),
                SumOfParts{workspace<float>(), weights_of<float>(dw), dw.size(), count_of(name, dw.in), width});
}

template <class Element>
void CudaOperations<Element>::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                          Activation act, const View& y) {
  constexpr const char* op = "convolution";
  shapes::convolution(op, type, x, w, geometry, y);
  shapes::optional_vector(op, Type::f32, bias, y.c);
  const int rows = count_of(op, y.rows()), width = count_of(op, w.out), depth = count_of(op, w.h * w.w * w.in);
  const auto run = [&](const auto& factor) {
    run_product(op,
                ForwardProduct<Element, std::decay_t<decltype(factor)>>{factor, weights_of<Element>(w),
                                                                        bias.as<const float>(), act,
                                                                        rows_of<Element>(y), rows, width, depth, depth},
                1);
  };
  const int channels = count_of(op, x.c);
  if (plain(w, geometry)) run(PlainRows<Element>{rows_of<Element>(x), channels});
  else run(SeenRows<Element>{rows_of<Element>(x), channels, window_of(op, x, y, w, geometry)});
}

template <class Element>
void CudaOperations<Element>::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                                         const View& dx) {
  constexpr const char* op = "convolution_backward_input";
  shapes::convolution(op, type, dx, w, geometry, dy);
  const int rows = count_of(op, dx.rows()), width = count_of(op, w.in), depth = count_of(op, w.h * w.w * w.out);
  const auto run = [&](const auto& factor) {
    run_product(op,
                InputProduct<Element, std::decay_t<decltype(factor)>>{factor, weights_of<Element>(w),
                                                                      rows_of<Element>(dx), rows, width, depth, depth},
                1);
  };
  const int channels = count_of(op, dy.c);
  if (plain(w, geometry)) run(PlainRows<Element>{rows_of<Element>(dy), channels});
  else run(SeeingRows<Element>{rows_of<Element>(dy), channels, window_of(op, dx, dy, w, geometry)});
}

template <class Element>
void CudaOperations<Element>::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                                          const Filter& dw) {
  constexpr const char* op = "convolution_backward_filter";
  shapes::convolution(op, gradients, x, dw, geometry, dy);
  const int channels = count_of(op, x.c);
  const Rows<Element> rows = rows_of<Element>(x);
  if (plain(dw, geometry)) filter_product(op, PlainRows<Element>{rows, channels}, dy, dw);
  else filter_product(op, SeenRows<Element>{rows, channels, window_of(op, x, dy, dw, geometry)}, dy, dw);
}

// A dense layer is a 1×1 convolution of pixels of its own.
template <class Element>
void CudaOperations<Element>::matmul(const View& x, const Filter& w, const View& bias, Activation act, const View& y) {
  shapes::matmul("matmul", type, x, w, y);
  convolution({x.type, x.data, x.rows(), 1, 1, x.c}, w, pointwise, bias, act, {y.type, y.data, y.rows(), 1, 1, y.c});
}

template <class Element>
void CudaOperations<Element>::matmul_backward_input(const View& dy, const Filter& w, const View& dx) {
  shapes::matmul("matmul_backward_input", type, dx, w, dy);
  convolution_backward_input({dy.type, dy.data, dy.rows(), 1, 1, dy.c}, w, pointwise,
                             {dx.type, dx.data, dx.rows(), 1, 1, dx.c});
}

template <class Element>
void CudaOperations<Element>::matmul_backward_filter(const View& x, const View& dy, const Filter& dw) {
  shapes::matmul("matmul_backward_filter", gradients, x, dw, dy);
  convolution_backward_filter({x.type, x.data, x.rows(), 1, 1, x.c}, {dy.type, dy.data, dy.rows(), 1, 1, dy.c},
                              pointwise, dw);
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
