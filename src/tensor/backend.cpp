#include "tensor/backend.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tensor/batch_feed.hpp"
#include "tensor/tensor.hpp"

namespace danas {

namespace {

class Called : public Program {
 public:
  explicit Called(std::function<void()> body) : body_(std::move(body)) {}
  void run() override { body_(); }

 private:
  std::function<void()> body_;
};

}  // namespace

std::unique_ptr<Program> Backend::record(std::function<void()> body) {
  return std::make_unique<Called>(std::move(body));
}

std::optional<double> Backend::first_not_finite(const View& x) {
  std::vector<double> numbers;
  download_numbers(*this, x, numbers);
  const auto found = std::find_if_not(numbers.begin(), numbers.end(), [](double each) { return std::isfinite(each); });
  return found == numbers.end() ? std::nullopt : std::optional(*found);
}

std::unique_ptr<BatchFeed> Backend::feed(const View& images, std::size_t staged_bytes) {
  return compose_feed(*this, images, staged_bytes);
}

std::int64_t output_size(std::int64_t input, std::int64_t kernel, const Geometry& geometry) {
  if (geometry.padding == Padding::same) return (input + geometry.stride - 1) / geometry.stride;
  return input < kernel ? 0 : (input - kernel) / geometry.stride + 1;
}

std::int64_t padding_before(std::int64_t input, std::int64_t kernel, const Geometry& geometry) {
  if (geometry.padding == Padding::valid) return 0;
  const std::int64_t covered = (output_size(input, kernel, geometry) - 1) * geometry.stride + kernel;
  return std::max<std::int64_t>(covered - input, 0) / 2;
}

double AdamSettings::corrected(double learning_rate, std::int64_t t) const {
  const auto power = static_cast<double>(t);
  return learning_rate * std::sqrt(1 - std::pow(beta2, power)) / (1 - std::pow(beta1, power));
}

}  // namespace danas
