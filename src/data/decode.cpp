#include "data/decode.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "data/codecs.hpp"

namespace danas {

namespace {

constexpr std::size_t most_file_bytes = std::size_t{512} << 20;

// Upright pixels from stored ones: (x, y) of the result comes from `source`.
Dataset::Pixels upright(Dataset::Pixels pixels, int orientation) {
  if (orientation == 1) return pixels;
  const int w = pixels.width, h = pixels.height;
  const bool swapped = orientation >= 5;
  Dataset::Pixels out{std::vector<std::uint8_t>(pixels.data.size()), swapped ? h : w, swapped ? w : h, pixels.channels,
                      std::move(pixels.remark)};
  const auto source = [&](int x, int y) -> std::array<int, 2> {
    switch (orientation) {
      case 2: return {w - 1 - x, y};
      case 3: return {w - 1 - x, h - 1 - y};
      case 4: return {x, h - 1 - y};
      case 5: return {y, x};
      case 6: return {y, h - 1 - x};
      case 7: return {w - 1 - y, h - 1 - x};
      default: return {w - 1 - y, x};
    }
  };
  const std::size_t channels = static_cast<std::size_t>(pixels.channels);
  std::uint8_t* to = out.data.data();
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x, to += channels) {
      const auto [sx, sy] = source(x, y);
      const std::size_t at = static_cast<std::size_t>(sy) * static_cast<std::size_t>(w) + static_cast<std::size_t>(sx);
      std::memcpy(to, pixels.data.data() + channels * at, channels);
    }
  }
  return out;
}

}  // namespace

void check_dimensions(const std::string& where, std::int64_t width, std::int64_t height) {
  if (width < 1 || height < 1 || width > most_pixels || height > most_pixels || width * height > most_pixels)
    throw expected(where, "an image of 1 pixel to 100 megapixels",
                   std::to_string(width) + "×" + std::to_string(height) + " pixels");
}

ImageFormat image_format(Bytes file) {
  const auto begins = [&](std::string_view magic, std::size_t at = 0) {
    return file.size() >= at + magic.size() && std::memcmp(file.data() + at, magic.data(), magic.size()) == 0;
  };
  if (begins("\xFF\xD8\xFF")) return ImageFormat::jpeg;
  if (begins("\x89PNG\r\n\x1A\n")) return ImageFormat::png;
  if (begins("BM")) return ImageFormat::bmp;
  if (begins("RIFF") && begins("WEBP", 8)) return ImageFormat::webp;
  return ImageFormat::unknown;
}

bool has_image_extension(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  static constexpr std::array<std::string_view, 7> known{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp"};
  return std::find(known.begin(), known.end(), extension) != known.end();
}

Dataset::Pixels decode_bytes(Bytes file, int shorter_side, const std::string& where) {
  const auto turned = [&](Dataset::Pixels pixels) { return upright(std::move(pixels), exif_orientation(file)); };
  switch (image_format(file)) {
    case ImageFormat::jpeg: return turned(decode_jpeg(file, shorter_side, where));
    case ImageFormat::png: check_whole_png(file, where); return turned(decode_png(file, where));
    case ImageFormat::bmp: check_whole_bmp(file, where); return decode_bmp(file, where);
    case ImageFormat::webp: return turned(decode_webp(file, where));
    case ImageFormat::unknown: break;
  }
  throw expected(where, "a JPEG, PNG, BMP or WebP image",
                 file.empty() ? "an empty file" : "a file that begins like none of them");
}

Dataset::Pixels decode_image(const std::filesystem::path& file, int shorter_side) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored))
    throw expected(file.string(), "an image file", "something else");  // a pipe might never end
  try {
    const std::string content = read_file(file, most_file_bytes);
    return decode_bytes(std::as_bytes(std::span(content)), shorter_side, file.string());
  } catch (const std::bad_alloc&) {
    throw Error(file.string(), "not enough memory to decode the image", Fault::failure);
  }
}

}  // namespace danas
