#include <algorithm>
#include <cstdint>

#include "tensor/reference_backend.hpp"

namespace danas {

namespace {

// What source pixel `pixel` of `in` and output pixel `index` of `out` share of an axis of in·out parts.
std::int64_t shared(std::int64_t pixel, std::int64_t in, std::int64_t index, std::int64_t out) {
  return std::max<std::int64_t>(std::min((pixel + 1) * out, (index + 1) * in) - std::max(pixel * out, index * in), 0);
}

// One channel of output pixel (oy, ox) of the (mirrored) crop: the mean of what it covers, rounded half up.
std::int64_t area_mean(const Image& image, const Crop& crop, const View& out, std::int64_t oy, std::int64_t ox,
                       int channel) {
  std::int64_t sum = 0;
  for (std::int64_t y = oy * crop.height / out.h; y * out.h < (oy + 1) * crop.height; ++y)
    for (std::int64_t x = ox * crop.width / out.w; x * out.w < (ox + 1) * crop.width; ++x) {
      const std::int64_t column = crop.x + (crop.flip ? crop.width - 1 - x : x);
      const std::int64_t pixel = (crop.y + y) * image.width + column;
      sum += shared(y, crop.height, oy, out.h) * shared(x, crop.width, ox, out.w) *
             image.pixels[pixel * image.channels + channel];
    }
  const std::int64_t area = std::int64_t{crop.width} * crop.height;
  return (2 * sum + area) / (2 * area);
}

std::int64_t seen(const Image& image, const Crop& crop, const View& out, std::int64_t oy, std::int64_t ox,
                  int channel) {
  if (image.channels == 1) return area_mean(image, crop, out, oy, ox, 0);
  if (out.c == 3) return area_mean(image, crop, out, oy, ox, channel);
  return (77 * area_mean(image, crop, out, oy, ox, 0) + 150 * area_mean(image, crop, out, oy, ox, 1) +
          29 * area_mean(image, crop, out, oy, ox, 2) + 128) /
         256;
}

}  // namespace

template <class Element>
void ReferenceBackend<Element>::augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  shapes::augment("augment", type, images, crops, out);
  for (std::int64_t n = 0; n < out.n; ++n)
    for (std::int64_t y = 0; y < out.h; ++y)
      for (std::int64_t x = 0; x < out.w; ++x)
        for (int c = 0; c < static_cast<int>(out.c); ++c) {
          const std::size_t i = static_cast<std::size_t>(n);
          reference::at<Element>(out, n, y, x, c) =
              static_cast<Element>(static_cast<double>(seen(images[i], crops[i], out, y, x, c) - 128) / 128);
        }
}

template class ReferenceBackend<float>;
template class ReferenceBackend<double>;
template class ReferenceBackend<Half>;
template class ReferenceBackend<Bfloat16>;

}  // namespace danas
