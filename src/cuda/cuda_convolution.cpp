// Convolutions and matrix products.
#include "cuda/cuda_operations.hpp"
#include "cuda/launch_product.hpp"

namespace danas::cuda {

namespace {

constexpr Geometry pointwise{1, Padding::same};

}  // namespace

bool plain(const Filter& w, const Geometry& geometry) { return w.h == 1 && w.w == 1 && geometry.stride == 1; }

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
void CudaOperations<Element>::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                          Activation act, const View& y) {
  constexpr const char* op = "convolution";
  shapes::convolution(op, type, x, w, geometry, y);
  shapes::optional_vector(op, Type::f32, bias, y.c);
  const int rows = count_of(op, y.rows()), width = count_of(op, w.out), depth = count_of(op, w.h * w.w * w.in);
  const auto run = [&](const auto& factor) {
    launch_product<Element>(
        op,
        ForwardProduct<Element, std::decay_t<decltype(factor)>>{factor, weights_of<Element>(w), bias.as<const float>(),
                                                                act, rows_of<Element>(y), rows, width, depth, depth},
        1, stream());
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
    launch_product<Element>(op,
                            InputProduct<Element, std::decay_t<decltype(factor)>>{
                                factor, weights_of<Element>(w), rows_of<Element>(dx), rows, width, depth, depth},
                            1, stream());
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
  const int channels = count_of(op, x.c), depth = count_of(op, dy.rows());
  const Rows<Element> rows = rows_of<Element>(x);
  const PlainRows<Element> right{rows_of<Element>(dy), count_of(op, dy.c)};
  const auto run = [&](const auto& left) {
    launch_filter_product<Element>(op, left, right, depth, dw, scratch(), stream());
  };
  if (plain(dw, geometry)) run(PlainRows<Element>{rows, channels});
  else run(SeenRows<Element>{rows, channels, window_of(op, x, dy, dw, geometry)});
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
