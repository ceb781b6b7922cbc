#include "data/resize.hpp"

#include <memory>

#include "tensor/area_resize.hpp"

namespace danas {

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
  out.data.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                  static_cast<std::size_t>(channels));
  area_resize(image, crop, width, height, channels, out.data.data());
}

}  // namespace danas
