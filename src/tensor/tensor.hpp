// Tensor: a View that owns its memory.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "tensor/backend.hpp"

namespace danas {

class Tensor {
 public:
  Tensor() = default;
  /// Zeros, of the backend's activation type.
  Tensor(Backend& backend, std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c);
  Tensor(Backend& backend, const View& shape);  ///< zeros, of the type and shape of a view
  Tensor(Tensor&& other) noexcept
      : backend_(std::exchange(other.backend_, nullptr)), view_(std::exchange(other.view_, {})) {}
  Tensor& operator=(Tensor&& other) noexcept {
    std::swap(backend_, other.backend_);
    std::swap(view_, other.view_);
    return *this;
  }
  ~Tensor();

  const View& view() const { return view_; }
  std::int64_t size() const { return view_.size(); }
  void clear();  ///< fills with zeros

 private:
  Backend* backend_ = nullptr;
  View view_;
};

// Elements in the host's memory as double, whatever their type.
double get(const View& view, std::int64_t index);
void set(const View& view, std::int64_t index, double value);

/// A backend's numbers as double: for initialization, statistics and metrics. `numbers` gets the view's size.
void download_numbers(Backend& backend, const View& view, std::vector<double>& numbers);
void upload_numbers(Backend& backend, const std::vector<double>& numbers, const View& view);

/// Labels of a batch (batch.hpp) in the backend's memory.
Tensor upload_labels(Backend& backend, std::span<const std::int32_t> labels);

}  // namespace danas
