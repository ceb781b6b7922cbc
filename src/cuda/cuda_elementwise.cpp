#include "cuda/cuda_backend.hpp"
#include "cuda/elementwise.cuh"
#include "cuda/launch.hpp"
#include "tensor/shapes.hpp"

namespace danas::cuda {

void CudaBackend::activation(const View& x, Activation act, const View& y) {
  shapes::same("activation", Type::f32, y, x);
  launch_each("activation", x.size(), stream(), Activate{x.as<const float>(), y.as<float>(), act});
}

void CudaBackend::activation_backward(const View& y, const View& dy, Activation act, const View& dx) {
  shapes::same("activation_backward", Type::f32, dy, y);
  shapes::same("activation_backward", Type::f32, dx, y);
  launch_each("activation_backward", y.size(), stream(),
              ActivateBackward{y.as<const float>(), dy.as<const float>(), dx.as<float>(), act});
}

void CudaBackend::add(const View& a, const View& b, const View& y) {
  shapes::same("add", Type::f32, b, a);
  shapes::same("add", Type::f32, y, a);
  launch_each("add", a.size(), stream(), Add{a.as<const float>(), b.as<const float>(), y.as<float>()});
}

void CudaBackend::global_average_pool(const View& x, const View& y) {
  constexpr const char* op = "global_average_pool";
  shapes::pool(op, Type::f32, x, y);
  launch_each(op, y.size(), stream(),
              Pool{x.as<const float>(), y.as<float>(), count_of(op, x.h * x.w), count_of(op, x.c)});
}

void CudaBackend::global_average_pool_backward(const View& dy, const View& dx) {
  constexpr const char* op = "global_average_pool_backward";
  shapes::pool(op, Type::f32, dx, dy);
  launch_each(op, dx.size(), stream(),
              PoolBackward{dy.as<const float>(), dx.as<float>(), count_of(op, dx.h * dx.w), count_of(op, dx.c)});
}

}  // namespace danas::cuda
