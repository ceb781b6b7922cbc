// What stb_image does not look at: it fills the rest of a truncated BMP with black and takes a damaged PNG as it is.
#include <array>
#include <cstdlib>
#include <cstring>

#include "base/error.hpp"
#include "data/codecs.hpp"

namespace danas {

namespace {

// A number of 1 to 4 bytes.
std::uint32_t little_endian(Bytes file, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | std::to_integer<std::uint32_t>(file[at + i]);
  return value;
}

std::uint32_t big_endian(Bytes file, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(file[at + i]);
  return value;
}

// CRC-32 of ISO 3309, as the PNG specification's appendix D computes it.
std::uint32_t crc32(Bytes bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> values{};
    for (std::uint32_t i = 0; i < values.size(); ++i) {
      values[i] = i;
      for (int bit = 0; bit < 8; ++bit) values[i] = values[i] >> 1 ^ (values[i] % 2 != 0 ? 0xEDB88320u : 0);
    }
    return values;
  }();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::byte byte : bytes) crc = crc >> 8 ^ table[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFF];
  return ~crc;
}

}  // namespace

void check_whole_png(Bytes file, const std::string& where) {
  constexpr std::size_t signature = 8, around = 12;  // length and type before the data, checksum after them
  for (std::size_t at = signature;;) {
    if (file.size() - at < around) throw expected(where, "a whole PNG image", "one without an end");
    const std::size_t length = big_endian(file, at);
    if (file.size() - at - around < length) throw expected(where, "a whole PNG image", "a truncated one");
    const Bytes checked = file.subspan(at + 4, 4 + length);
    if (big_endian(file, at + 8 + length) != crc32(checked))
      throw expected(where, "a whole PNG image", "a damaged one (checksum at byte " + std::to_string(at) + ")");
    if (std::memcmp(checked.data(), "IHDR", 4) == 0 && length >= 8)
      check_dimensions(where, big_endian(file, at + 8), big_endian(file, at + 12));
    if (std::memcmp(checked.data(), "IEND", 4) == 0) return;
    at += around + length;
  }
}

void check_whole_bmp(Bytes file, const std::string& where) {
  constexpr std::size_t core_header = 12, header_begin = 14;
  if (file.size() < header_begin + core_header) throw expected(where, "a whole BMP image", "a truncated one");
  const bool core = little_endian(file, header_begin, 4) == core_header;
  if (!core && file.size() < header_begin + 40) throw expected(where, "a whole BMP image", "a truncated one");
  const std::uint32_t compression = core ? 0 : little_endian(file, header_begin + 16, 4);
  if (compression == 1 || compression == 2)
    throw expected(where, "a BMP without run-length compression", "one with it");
  const std::uint64_t width = core ? little_endian(file, 18, 2) : little_endian(file, 18, 4);
  const auto height = static_cast<std::int32_t>(core ? little_endian(file, 20, 2) : little_endian(file, 22, 4));
  const std::uint64_t bits = little_endian(file, core ? 24 : 28, 2);
  check_dimensions(where, static_cast<std::int64_t>(width), std::abs(std::int64_t{height}));
  const std::uint64_t stride = (bits * width + 31) / 32 * 4;
  const std::uint64_t rows = static_cast<std::uint64_t>(std::abs(std::int64_t{height}));
  const std::uint64_t needed = little_endian(file, 10, 4) + stride * rows;
  if (file.size() < needed)
    throw expected(where, "a BMP image of " + std::to_string(needed) + " bytes", std::to_string(file.size()));
}

}  // namespace danas
