#include <webp/decode.h>

#include "base/error.hpp"
#include "data/codecs.hpp"

namespace danas {

Dataset::Pixels decode_webp(Bytes file, const std::string& where) {
  const auto* const data = reinterpret_cast<const std::uint8_t*>(file.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, file.size(), &features) != VP8_STATUS_OK)
    throw expected(where, "a WebP image", "a damaged or truncated file");
  if (features.has_animation) throw expected(where, "a still WebP image", "an animation");
  check_dimensions(where, features.width, features.height);
  const std::size_t count = static_cast<std::size_t>(features.width) * static_cast<std::size_t>(features.height);
  Dataset::Pixels pixels{std::vector<std::uint8_t>(3 * count), features.width, features.height, 3};
  if (!features.has_alpha) {
    if (!WebPDecodeRGBInto(data, file.size(), pixels.data.data(), pixels.data.size(), 3 * pixels.width))
      throw expected(where, "a whole WebP image", "a damaged or truncated file");
    return pixels;
  }
  std::vector<std::uint8_t> rgba(4 * count);
  if (!WebPDecodeRGBAInto(data, file.size(), rgba.data(), rgba.size(), 4 * pixels.width))
    throw expected(where, "a whole WebP image", "a damaged or truncated file");
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      pixels.data[3 * i + c] = static_cast<std::uint8_t>((rgba[4 * i + c] * rgba[4 * i + 3] + 127) / 255);
  return pixels;
}

}  // namespace danas
