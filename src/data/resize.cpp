#include "data/resize.hpp"

#include <algorithm>
#include <memory>

#include "tensor/area_resize.hpp"

namespace danas {

namespace {

// A pixel of the result lies between two of the source, `weight` of 2·to parts on the way to the second.
struct Between {
  int first, second;
  std::int64_t weight;
};

Between between(int place, int from, int to) {
  const std::int64_t parts = 2 * std::int64_t{to};
  const std::int64_t at = std::max<std::int64_t>((2 * std::int64_t{place} + 1) * from - to, 0);
  const int first = static_cast<int>(at / parts);
  return {first, std::min(first + 1, from - 1), at % parts};
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
  out.data.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                  static_cast<std::size_t>(channels));
  area_resize(image, crop, width, height, channels, out.data.data());
}

void sample_bilinear(const Image& image, const Crop& crop, int width, int height, Dataset::Pixels& out) {
  out.width = width;
  out.height = height;
  out.channels = image.channels;
  out.data.clear();
  const std::int64_t columns = 2 * std::int64_t{width}, rows = 2 * std::int64_t{height}, all = columns * rows;
  const auto pixel = [&](int x, int y, int channel) -> std::int64_t {
    const std::int64_t place = std::int64_t{crop.y + y} * image.width + crop.x + x;
    return image.pixels[place * image.channels + channel];
  };
  for (int y = 0; y < height; ++y) {
    const Between v = between(y, crop.height, height);
    for (int x = 0; x < width; ++x) {
      const Between h = between(x, crop.width, width);
      for (int channel = 0; channel < image.channels; ++channel) {
        const auto across = [&](int row) {
          return pixel(h.first, row, channel) * (columns - h.weight) + pixel(h.second, row, channel) * h.weight;
        };
        const std::int64_t sum = across(v.first) * (rows - v.weight) + across(v.second) * v.weight;
        out.data.push_back(static_cast<std::uint8_t>((2 * sum + all) / (2 * all)));
      }
    }
  }
}

}  // namespace danas
