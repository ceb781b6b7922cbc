// PNG and BMP through stb_image, PNG out through stb_image_write.
#include <climits>
#include <cstdlib>
#include <memory>

#include "base/error.hpp"
#include "base/file.hpp"
#include "data/codecs.hpp"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wsign-compare"
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#include <stb/stb_image.h>
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace danas {

Dataset::Pixels decode_stb(Bytes file, const std::string& where) {
  const auto* const data = reinterpret_cast<const stbi_uc*>(file.data());
  if (file.size() > INT_MAX) throw expected(where, "an image file below 2 GiB", std::to_string(file.size()) + " bytes");
  const int size = static_cast<int>(file.size());
  int width = 0, height = 0, stored = 0;
  if (!stbi_info_from_memory(data, size, &width, &height, &stored))
    throw expected(where, "a PNG or BMP image", stbi_failure_reason());
  height = std::abs(height);  // negative where a BMP's rows go from top to bottom
  check_dimensions(where, width, height);
  const std::unique_ptr<stbi_uc, void (*)(void*)> decoded(
      stbi_load_from_memory(data, size, &width, &height, &stored, 4), stbi_image_free);  // 16 bits become 8
  if (!decoded) throw expected(where, "a whole PNG or BMP image", stbi_failure_reason());
  Dataset::Pixels pixels{{}, width, height, stored <= 2 ? 1 : 3};
  const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const std::size_t channels = static_cast<std::size_t>(pixels.channels);
  pixels.data.resize(count * channels);
  for (std::size_t i = 0; i < count; ++i) {
    const stbi_uc* const from = decoded.get() + 4 * i;
    for (std::size_t c = 0; c < channels; ++c)
      pixels.data[channels * i + c] = static_cast<std::uint8_t>((from[c] * from[3] + 127) / 255);
  }
  return pixels;
}

void write_png(const std::filesystem::path& path, const Dataset::Pixels& pixels) {
  std::string content;
  const auto append = [](void* to, void* data, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
  };
  if (!stbi_write_png_to_func(append, &content, pixels.width, pixels.height, pixels.channels, pixels.data.data(),
                              pixels.width * pixels.channels))
    throw Error(path.string(), "cannot encode as PNG", Fault::failure);
  write_file(path, content);
}

}  // namespace danas
