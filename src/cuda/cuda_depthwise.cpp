#include <algorithm>

#include "cuda/cuda_backend.hpp"
#include "cuda/depthwise.cuh"
#include "cuda/launch.hpp"
#include "cuda/product.cuh"
#include "tensor/shapes.hpp"

namespace danas::cuda {

namespace {

// Of the rows of pixels of a view, as DepthwiseForward counts them.
Index strips(const View& view) { return view.n * view.h * divided_up(view.w, strip) * view.c; }

}  // namespace

void CudaBackend::depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                            const View& y) {
  constexpr const char* op = "depthwise";
  shapes::depthwise(op, Type::f32, x, w, geometry, y);
  shapes::optional_vector(op, Type::f32, bias, y.c);
  launch_each(op, strips(y), stream(),
              DepthwiseForward{x.as<const float>(), weights_of(w), bias.as<const float>(), act, y.as<float>(),
                               window_of(op, x, y, w, geometry), count_of(op, y.c)});
}

void CudaBackend::depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) {
  constexpr const char* op = "depthwise_backward_input";
  shapes::depthwise(op, Type::f32, dx, w, geometry, dy);
  launch_each(op, strips(dx), stream(),
              DepthwiseInput{dy.as<const float>(), weights_of(w), dx.as<float>(), window_of(op, dx, dy, w, geometry),
                             count_of(op, dx.c)});
}

void CudaBackend::depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) {
  constexpr const char* op = "depthwise_backward_filter";
  constexpr Index least_pixels = 2048, most_parts = 512;
  shapes::depthwise(op, Type::f32, x, dw, geometry, dy);
  const Window window = window_of(op, x, dy, dw, geometry);
  const int channels = count_of(op, dw.out), lines = count_of(op, dy.n * dy.h);
  const Index fitting = static_cast<Index>(workspace_bytes / sizeof(float)) / dw.size();
  const Index wanted = std::min({divided_up(Index{lines} * dy.w, least_pixels), most_parts, fitting});
  const int part = static_cast<int>(divided_up(std::max(lines, 1), std::max<Index>(wanted, 1)));
  const int parts = static_cast<int>(divided_up(std::max(lines, 1), part));
  const dim3 grid(static_cast<unsigned>(divided_up(channels, filter_channels)),
                  static_cast<unsigned>(window.kernel_h * divided_up(window.kernel_w, filter_taps)),
                  static_cast<unsigned>(parts));
  launch(op, depthwise_filter_parts, grid, dim3(filter_channels, filter_lanes), stream(), x.as<const float>(),
         dy.as<const float>(), window, channels, lines, part, workspace<float>());
  launch_each(op, dw.size(), stream(), SumOfParts{workspace<float>(), weights_of(dw), dw.size(), 1, channels, parts});
}

}  // namespace danas::cuda
