#include "data/resize.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "data/decode.hpp"

namespace danas {

namespace {

// Memory of a backend that only grows.
class Scratch {
 public:
  explicit Scratch(Backend& backend) : backend_(backend) {}
  ~Scratch() { backend_.release(memory_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* reserve(std::size_t bytes) {
    if (bytes > size_) {
      backend_.release(std::exchange(memory_, nullptr));
      size_ = 0;
      memory_ = backend_.allocate(bytes);
      size_ = bytes;
    }
    return memory_;
  }

 private:
  Backend& backend_;
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

void copy_crop(const Image& image, const Crop& crop, std::uint8_t* out) {
  const std::size_t pixel = static_cast<std::size_t>(image.channels);
  const std::size_t stride = pixel * static_cast<std::size_t>(image.width);
  const std::size_t row = pixel * static_cast<std::size_t>(crop.width);
  const std::uint8_t* from =
      image.pixels + stride * static_cast<std::size_t>(crop.y) + pixel * static_cast<std::size_t>(crop.x);
  for (int y = 0; y < crop.height; ++y, from += stride, out += row) std::copy(from, from + row, out);
}

}  // namespace

Backend& serial_backend() {
  thread_local const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  return *backend;
}

Image image_of(const Dataset::Pixels& pixels) {
  return {pixels.data.data(), pixels.width, pixels.height, pixels.channels};
}

void reduce(const Image& image, const Crop& crop, int width, int height, int channels, Dataset::Pixels& out) {
  out.width = width;
  out.height = height;
  out.channels = channels;
  const std::size_t size =
      static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * static_cast<std::size_t>(channels);
  out.data.resize(size);
  if (crop.width == width && crop.height == height && channels == image.channels && !crop.flip)
    return copy_crop(image, crop, out.data.data());
  Backend& backend = serial_backend();
  thread_local Scratch scratch(backend);
  const View view{Type::f32, scratch.reserve(4 * size), 1, height, width, channels};
  backend.augment({&image, 1}, {&crop, 1}, view);
  const float* const values = view.as<float>();
  for (std::size_t i = 0; i < size; ++i)
    out.data[i] = static_cast<std::uint8_t>(std::clamp((values[i] + 1.0f) * 127.5f + 0.5f, 0.0f, 255.0f));
}

Dataset::Pixels resize_area(const Dataset::Pixels& pixels, int width, int height) {
  if (width < 1 || height < 1)
    throw expected("resize", "a size of at least 1×1", std::to_string(width) + "×" + std::to_string(height));
  Dataset::Pixels out;
  reduce(image_of(pixels), {0, 0, pixels.width, pixels.height, false}, width, height, pixels.channels, out);
  return out;
}

}  // namespace danas
