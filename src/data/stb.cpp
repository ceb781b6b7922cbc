// PNG and BMP through stb_image, PNG out through stb_image_write.
#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "base/error.hpp"
#include "base/file.hpp"
#include "data/codecs.hpp"

namespace {

// stb_image lets the data of a PNG inflate without end: what it allocates at once is limited here.
struct Allocations {
  std::size_t most_bytes = 0;
  bool refused = false;
};
thread_local Allocations allocations;

void* reallocate(void* memory, std::size_t bytes) {
  if (bytes <= allocations.most_bytes) return std::realloc(memory, bytes);
  allocations.refused = true;
  return nullptr;
}

}  // namespace

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wsign-compare"
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_MALLOC(bytes) reallocate(nullptr, bytes)
#define STBI_REALLOC(memory, bytes) reallocate(memory, bytes)
#define STBI_FREE(memory) std::free(memory)
#include <stb/stb_image.h>
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace danas {

namespace {

// Room for the file and for the most bytes a pixel may have, 8, twice: stb_image doubles what is too small.
std::size_t most_bytes_at_once(Bytes file, int width, int height) {
  return std::max(2 * file.size(), 16 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) + (1 << 16);
}

[[noreturn]] void fail(const std::string& where) {
  if (allocations.refused) throw expected(where, "a PNG image whose data fill its pixels", "more data");
  if (std::strcmp(stbi_failure_reason(), "outofmem") == 0) throw std::bad_alloc();
  throw expected(where, "a whole PNG or BMP image", stbi_failure_reason());
}

using Information = int (*)(stbi__context* context, int* width, int* height, int* stored);

// `information` is of one format: the general one forgets why it failed.
Dataset::Pixels decode(Bytes file, Information information, const std::string& where) {
  const auto* const data = reinterpret_cast<const stbi_uc*>(file.data());
  if (file.size() > INT_MAX) throw expected(where, "an image file below 2 GiB", std::to_string(file.size()) + " bytes");
  const int size = static_cast<int>(file.size());
  int width = 0, height = 0, stored = 0;
  stbi__context context;
  stbi__start_mem(&context, data, size);
  allocations = {static_cast<std::size_t>(INT_MAX)};
  if (!information(&context, &width, &height, &stored))
    throw expected(where, "a PNG or BMP image of a known kind", stbi_failure_reason());
  height = std::abs(height);  // negative where a BMP's rows go from top to bottom
  check_dimensions(where, width, height);
  allocations = {most_bytes_at_once(file, width, height)};
  const std::unique_ptr<stbi_uc, void (*)(void*)> decoded(
      stbi_load_from_memory(data, size, &width, &height, &stored, 4), stbi_image_free);  // 16 bits become 8
  if (!decoded) fail(where);
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

}  // namespace

Dataset::Pixels decode_png(Bytes file, const std::string& where) { return decode(file, stbi__png_info, where); }
Dataset::Pixels decode_bmp(Bytes file, const std::string& where) { return decode(file, stbi__bmp_info, where); }

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
