#include <algorithm>

#include "cuda/cuda_operations.hpp"
#include "cuda/depthwise.cuh"
#include "cuda/launch_parts.hpp"
#include "cuda/product.cuh"

namespace danas::cuda {

namespace {

// Of the rows of pixels of a view, as DepthwiseForward counts them.
template <class Element>
Index strips(const View& view) {
  return view.n * view.h * divided_up(view.w, strip) * columns_of<Element>(view);
}

}  // namespace

template <class Element>
void CudaOperations<Element>::depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                        Activation act, const View& y) {
  constexpr const char* op = "depthwise";
  shapes::depthwise(op, type, x, w, geometry, y);
  shapes::optional_vector(op, Type::f32, bias, y.c);
  launch_each(op, strips<Element>(y), stream(),
              DepthwiseForward<Element>{rows_of<Element>(x), weights_of<Element>(w), bias.as<const float>(), act,
                                        rows_of<Element>(y), window_of(op, x, y, w, geometry), count_of(op, y.c)});
}

template <class Element>
void CudaOperations<Element>::depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                                       const View& dx) {
  constexpr const char* op = "depthwise_backward_input";
  shapes::depthwise(op, type, dx, w, geometry, dy);
  launch_each(op, strips<Element>(dx), stream(),
              DepthwiseInput<Element>{rows_of<Element>(dy), weights_of<Element>(w), rows_of<Element>(dx),
                                      window_of(op, dx, dy, w, geometry), count_of(op, dx.c)});
}

template <class Element>
void CudaOperations<Element>::depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                                        const Filter& dw) {
  constexpr const char* op = "depthwise_backward_filter";
  constexpr Index least_rows = 1024, most_parts = 512;
  shapes::depthwise(op, gradients, x, dw, geometry, dy);
  const Window window = window_of(op, x, dy, dw, geometry);
  const int channels = count_of(op, dw.out), rows = count_of(op, dy.rows());
  const Index fitting = static_cast<Index>(workspace_bytes / sizeof(float)) / dw.size();
  const Index wanted = std::min({divided_up(rows, least_rows), most_parts, fitting});
  const int part = static_cast<int>(divided_up(std::max(rows, 1), std::max<Index>(wanted, 1)));
  const int parts = static_cast<int>(divided_up(std::max(rows, 1), part));
  const int columns = columns_of<Element>(x), block = columns_of_block(columns);
  const dim3 grid(static_cast<unsigned>(divided_up(columns, block)),
                  static_cast<unsigned>(window.kernel_h * divided_up(window.kernel_w, filter_taps)),
                  static_cast<unsigned>(parts));
  launch(op, depthwise_filter_parts<Element>, grid, dim3(filter_threads), stream(), rows_of<Element>(x),
         rows_of<Element>(dy), window, channels, rows, part, block, workspace<float>());
  launch_totals(op, dw.size(), parts, stream(),
                SumOfParts{workspace<float>(), weights_of<float>(dw), dw.size(), 1, channels});
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
