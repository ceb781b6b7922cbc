#include "tensor/reference_backend.hpp"

#include "base/error.hpp"

namespace danas {

template <class Element>
std::string ReferenceBackend<Element>::name() const {
  return std::string("reference ") + name_of(type);
}

template <class Element>
void ReferenceBackend<Element>::activation(const View& x, Activation act, const View& y) {
  shapes::same("activation", type, y, x);
  for (std::int64_t i = 0; i < x.size(); ++i)
    y.as<Element>()[i] = static_cast<Element>(reference::activate(x.as<Element>()[i], act));
}

template <class Element>
void ReferenceBackend<Element>::activation_backward(const View& y, const View& dy, Activation act, const View& dx) {
  shapes::same("activation_backward", type, dy, y);
  shapes::same("activation_backward", type, dx, y);
  for (std::int64_t i = 0; i < y.size(); ++i)
    dx.as<Element>()[i] = static_cast<Element>(dy.as<Element>()[i] * reference::slope(y.as<Element>()[i], act));
}

template <class Element>
void ReferenceBackend<Element>::add(const View& a, const View& b, const View& y) {
  shapes::same("add", type, b, a);
  shapes::same("add", type, y, a);
  for (std::int64_t i = 0; i < a.size(); ++i)
    y.as<Element>()[i] = static_cast<Element>(double{a.as<Element>()[i]} + double{b.as<Element>()[i]});
}

template <class Element>
void ReferenceBackend<Element>::global_average_pool(const View& x, const View& y) {
  shapes::pool("global_average_pool", type, x, y);
  const std::int64_t pixels = x.h * x.w;
  for (std::int64_t n = 0; n < x.n; ++n)
    for (std::int64_t c = 0; c < x.c; ++c) {
      double sum = 0;
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) sum += x.as<Element>()[(n * pixels + pixel) * x.c + c];
      y.as<Element>()[n * x.c + c] = static_cast<Element>(sum / static_cast<double>(pixels));
    }
}

template <class Element>
void ReferenceBackend<Element>::global_average_pool_backward(const View& dy, const View& dx) {
  shapes::pool("global_average_pool_backward", type, dx, dy);
  const std::int64_t pixels = dx.h * dx.w;
  for (std::int64_t i = 0; i < dx.size(); ++i) {
    const std::int64_t n = i / (pixels * dx.c), c = i % dx.c;
    dx.as<Element>()[i] = static_cast<Element>(dy.as<Element>()[n * dx.c + c] / static_cast<double>(pixels));
  }
}

template class ReferenceBackend<float>;
template class ReferenceBackend<double>;
template class ReferenceBackend<Half>;
template class ReferenceBackend<Bfloat16>;

std::unique_ptr<Backend> make_reference_backend(Type activation_type) {
  switch (activation_type) {
    case Type::f64: return std::make_unique<ReferenceBackend<double>>();
    case Type::f32: return std::make_unique<ReferenceBackend<float>>();
    case Type::f16: return std::make_unique<ReferenceBackend<Half>>();
    case Type::bf16: return std::make_unique<ReferenceBackend<Bfloat16>>();
    case Type::i32:
    case Type::u8: break;
  }
  throw expected("reference backend", "f64, f32, f16 or bf16", "another element type", Fault::failure);
}

}  // namespace danas
