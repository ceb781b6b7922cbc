#include <algorithm>

#include "tensor/reference_backend.hpp"

namespace danas {

namespace {

// Share of input pixel `pixel` in output pixel `index`, as tf.image.resize's "area" has it: the output pixel covers
// [index, index + 1)·scale of the input axis.
double coverage(std::int64_t pixel, std::int64_t index, double scale) {
  const double from = std::max(static_cast<double>(index) * scale, static_cast<double>(pixel));
  const double to = std::min(static_cast<double>(index + 1) * scale, static_cast<double>(pixel + 1));
  return std::max(to - from, 0.0) / scale;
}

// Mean of one channel over the part of the (mirrored) crop that output pixel (oy, ox) covers.
double area_mean(const Image& image, const Crop& crop, const View& out, std::int64_t oy, std::int64_t ox, int channel) {
  const double scale_y = static_cast<double>(crop.height) / static_cast<double>(out.h);
  const double scale_x = static_cast<double>(crop.width) / static_cast<double>(out.w);
  double sum = 0;
  for (std::int64_t y = static_cast<std::int64_t>(static_cast<double>(oy) * scale_y);
       y < crop.height && static_cast<double>(y) < static_cast<double>(oy + 1) * scale_y; ++y)
    for (std::int64_t x = static_cast<std::int64_t>(static_cast<double>(ox) * scale_x);
         x < crop.width && static_cast<double>(x) < static_cast<double>(ox + 1) * scale_x; ++x) {
      const std::int64_t column = crop.x + (crop.flip ? crop.width - 1 - x : x);
      const std::int64_t pixel = (crop.y + y) * image.width + column;
      sum += image.pixels[pixel * image.channels + channel] * coverage(y, oy, scale_y) * coverage(x, ox, scale_x);
    }
  return sum;
}

double seen(const Image& image, const Crop& crop, const View& out, std::int64_t oy, std::int64_t ox, int channel) {
  if (image.channels == 1) return area_mean(image, crop, out, oy, ox, 0);
  if (out.c == 3) return area_mean(image, crop, out, oy, ox, channel);
  return 0.299 * area_mean(image, crop, out, oy, ox, 0) + 0.587 * area_mean(image, crop, out, oy, ox, 1) +
         0.114 * area_mean(image, crop, out, oy, ox, 2);
}

}  // namespace

template <class Real>
void ReferenceBackend<Real>::augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  shapes::augment("augment", type, images, crops, out);
  for (std::int64_t n = 0; n < out.n; ++n)
    for (std::int64_t y = 0; y < out.h; ++y)
      for (std::int64_t x = 0; x < out.w; ++x)
        for (int c = 0; c < static_cast<int>(out.c); ++c) {
          const std::size_t i = static_cast<std::size_t>(n);
          reference::at<Real>(out, n, y, x, c) =
              static_cast<Real>(seen(images[i], crops[i], out, y, x, c) / 127.5 - 1);
        }
}

template class ReferenceBackend<float>;
template class ReferenceBackend<double>;

}  // namespace danas
