#include "tensor/tensor.hpp"

#include <algorithm>
#include <cstring>

namespace danas {

Tensor::Tensor(Backend& backend, std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c)
    : backend_(&backend), view_{backend.real_type(), nullptr, n, h, w, c} {
  view_.data = backend.allocate(std::max<std::size_t>(view_.bytes(), 1));
  clear();
}

Tensor::~Tensor() {
  if (view_.data) backend_->release(view_.data);
}

void Tensor::clear() {
  if (view_.data) std::memset(view_.data, 0, view_.bytes());
}

double get(const View& view, std::int64_t index) {
  switch (view.type) {
    case Type::f32: return view.as<const float>()[index];
    case Type::f64: return view.as<const double>()[index];
    case Type::u8: break;
  }
  return view.as<const std::uint8_t>()[index];
}

void set(const View& view, std::int64_t index, double value) {
  switch (view.type) {
    case Type::f32: view.as<float>()[index] = static_cast<float>(value); break;
    case Type::f64: view.as<double>()[index] = value; break;
    case Type::u8: view.as<std::uint8_t>()[index] = static_cast<std::uint8_t>(value); break;
  }
}

}  // namespace danas
