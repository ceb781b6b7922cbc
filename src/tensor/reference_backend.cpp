#include "tensor/reference_backend.hpp"

#include "base/error.hpp"

namespace danas {

template <class Real>
void ReferenceBackend<Real>::activation(const View& x, Activation act, const View& y) {
  shapes::same("activation", type, y, x);
  for (std::int64_t i = 0; i < x.size(); ++i)
    y.as<Real>()[i] = static_cast<Real>(reference::activate(x.as<Real>()[i], act));
}

template <class Real>
void ReferenceBackend<Real>::activation_backward(const View& y, const View& dy, Activation act, const View& dx) {
  shapes::same("activation_backward", type, dy, y);
  shapes::same("activation_backward", type, dx, y);
  for (std::int64_t i = 0; i < y.size(); ++i)
    dx.as<Real>()[i] = static_cast<Real>(dy.as<Real>()[i] * reference::slope(y.as<Real>()[i], act));
}

template <class Real>
void ReferenceBackend<Real>::add(const View& a, const View& b, const View& y) {
  shapes::same("add", type, b, a);
  shapes::same("add", type, y, a);
  for (std::int64_t i = 0; i < a.size(); ++i) y.as<Real>()[i] = a.as<Real>()[i] + b.as<Real>()[i];
}

template <class Real>
void ReferenceBackend<Real>::global_average_pool(const View& x, const View& y) {
  shapes::pool("global_average_pool", type, x, y);
  const std::int64_t pixels = x.h * x.w;
  for (std::int64_t n = 0; n < x.n; ++n)
    for (std::int64_t c = 0; c < x.c; ++c) {
      double sum = 0;
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) sum += x.as<Real>()[(n * pixels + pixel) * x.c + c];
      y.as<Real>()[n * x.c + c] = static_cast<Real>(sum / static_cast<double>(pixels));
    }
}

template <class Real>
void ReferenceBackend<Real>::global_average_pool_backward(const View& dy, const View& dx) {
  shapes::pool("global_average_pool_backward", type, dx, dy);
  const std::int64_t pixels = dx.h * dx.w;
  for (std::int64_t i = 0; i < dx.size(); ++i) {
    const std::int64_t n = i / (pixels * dx.c), c = i % dx.c;
    dx.as<Real>()[i] = static_cast<Real>(dy.as<Real>()[n * dx.c + c] / static_cast<double>(pixels));
  }
}

template class ReferenceBackend<float>;
template class ReferenceBackend<double>;

std::unique_ptr<Backend> make_reference_backend(Type real_type) {
  if (real_type == Type::f64) return std::make_unique<ReferenceBackend<double>>();
  if (real_type == Type::f32) return std::make_unique<ReferenceBackend<float>>();
  throw expected("reference backend", "f32 or f64", "another element type", Fault::failure);
}

}  // namespace danas
