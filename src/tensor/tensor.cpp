#include "tensor/tensor.hpp"

#include <algorithm>
#include <cstring>

#include "tensor/half.hpp"

namespace danas {

Tensor::Tensor(Backend& backend, std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c)
    : Tensor(backend, View{backend.activation_type(), nullptr, n, h, w, c}) {}

// Delegates, so that the destructor releases the memory where clearing fails.
Tensor::Tensor(Backend& backend, const View& shape) : Tensor() {
  backend_ = &backend;
  view_ = shape.with_data(backend.allocate(std::max<std::size_t>(shape.bytes(), 1)));
  clear();
}

Tensor::~Tensor() {
  if (view_.data) backend_->release(view_.data);
}

void Tensor::clear() {
  if (view_.data) backend_->clear(view_);
}

double get(const View& view, std::int64_t index) {
  switch (view.type) {
    case Type::f32: return view.as<const float>()[index];
    case Type::f64: return view.as<const double>()[index];
    case Type::i32: return view.as<const std::int32_t>()[index];
    case Type::f16: return view.as<const Half>()[index];
    case Type::bf16: return view.as<const Bfloat16>()[index];
    case Type::u8: break;
  }
  return view.as<const std::uint8_t>()[index];
}

void set(const View& view, std::int64_t index, double value) {
  switch (view.type) {
    case Type::f32: view.as<float>()[index] = static_cast<float>(value); break;
    case Type::f64: view.as<double>()[index] = value; break;
    case Type::i32: view.as<std::int32_t>()[index] = static_cast<std::int32_t>(value); break;
    case Type::u8: view.as<std::uint8_t>()[index] = static_cast<std::uint8_t>(value); break;
    case Type::f16: view.as<Half>()[index] = Half(value); break;
    case Type::bf16: view.as<Bfloat16>()[index] = Bfloat16(value); break;
  }
}

void download_numbers(Backend& backend, const View& view, std::vector<double>& numbers) {
  const auto size = static_cast<std::size_t>(view.size());
  numbers.resize(size);
  backend.download(view, numbers.data());
  if (view.type == Type::f64) return;
  // In the place of the numbers themselves, which are wider: from the end.
  const View host = view.with_data(numbers.data());
  for (std::size_t i = size; i-- > 0;) {
    const double number = get(host, static_cast<std::int64_t>(i));
    std::memcpy(&numbers[i], &number, sizeof number);
  }
}

void upload_numbers(Backend& backend, const std::vector<double>& numbers, const View& view) {
  std::vector<std::byte> converted(view.bytes());
  const View host = view.with_data(converted.data());
  for (std::int64_t i = 0; i < view.size(); ++i) set(host, i, numbers[static_cast<std::size_t>(i)]);
  backend.upload(converted.data(), view);
}

Tensor upload_labels(Backend& backend, std::span<const std::int32_t> labels) {
  Tensor tensor(backend, View{Type::i32, nullptr, static_cast<std::int64_t>(labels.size()), 1, 1, 1});
  backend.upload(labels.data(), tensor.view());
  return tensor;
}

}  // namespace danas
