#include "cuda/cuda_operations.hpp"
#include "cuda/elementwise.cuh"
#include "cuda/launch_parts.hpp"

namespace danas::cuda {

namespace {

// Vectors of the numbers of a view, one after another.
template <class Element>
Index vectors(const View& view) {
  return divided_up(view.size(), Vector<Element>::size);
}

}  // namespace

template <class Element>
void CudaOperations<Element>::activation(const View& x, Activation act, const View& y) {
  shapes::same("activation", type, y, x);
  launch_each("activation", vectors<Element>(x), stream(),
              Activate<Element>{flat_of<Element>(x), flat_of<Element>(y), act});
}

template <class Element>
void CudaOperations<Element>::activation_backward(const View& y, const View& dy, Activation act, const View& dx) {
  shapes::same("activation_backward", type, dy, y);
  shapes::same("activation_backward", type, dx, y);
  launch_each("activation_backward", vectors<Element>(y), stream(),
              ActivateBackward<Element>{flat_of<Element>(y), flat_of<Element>(dy), flat_of<Element>(dx), act});
}

template <class Element>
void CudaOperations<Element>::add(const View& a, const View& b, const View& y) {
  shapes::same("add", type, b, a);
  shapes::same("add", type, y, a);
  launch_each("add", vectors<Element>(a), stream(),
              Add<Element>{flat_of<Element>(a), flat_of<Element>(b), flat_of<Element>(y)});
}

template <class Element>
void CudaOperations<Element>::cast(const View& from, const View& to) {
  shapes::same("cast", Type::f32, from, from);
  shapes::same("cast", type, to, from);
  launch_each("cast", vectors<Element>(to), stream(), Cast<Element>{flat_of<float>(from), flat_of<Element>(to)});
}

template <class Element>
void CudaOperations<Element>::global_average_pool(const View& x, const View& y) {
  constexpr const char* op = "global_average_pool";
  shapes::pool(op, type, x, y);
  if (y.n == 0) return;
  const int columns = columns_of<Element>(x), block = columns_of_block(columns);
  const dim3 grid(static_cast<unsigned>(count_of(op, y.n)), static_cast<unsigned>(divided_up(columns, block)));
  launch(op, pool_pixels<Element>, grid, dim3(sum_threads), stream(), rows_of<Element>(x), rows_of<Element>(y),
         count_of(op, x.h * x.w), count_of(op, x.c), block);
}

template <class Element>
void CudaOperations<Element>::global_average_pool_backward(const View& dy, const View& dx) {
  constexpr const char* op = "global_average_pool_backward";
  shapes::pool(op, type, dx, dy);
  const int columns = columns_of<Element>(dx);
  launch_each(op, dx.rows() * columns, stream(),
              PoolBackward<Element>{rows_of<Element>(dy), rows_of<Element>(dx), count_of(op, dx.h * dx.w),
                                    count_of(op, dx.c), columns});
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
