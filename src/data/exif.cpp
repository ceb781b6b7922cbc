// EXIF orientation: JPEG segments, then a TIFF directory, every read checked against the end.
#include <cstdint>
#include <cstring>

#include "data/codecs.hpp"

namespace danas {

namespace {

class Tiff {
 public:
  explicit Tiff(Bytes bytes) : bytes_(bytes) {}

  int orientation() {
    if (bytes_.size() < 8) return 1;
    if (std::memcmp(bytes_.data(), "II*\0", 4) == 0) little_ = true;
    else if (std::memcmp(bytes_.data(), "MM\0*", 4) != 0) return 1;
    const std::uint64_t directory = number(4, 4);
    if (!inside(directory, 2)) return 1;
    const std::uint64_t entries = number(directory, 2);
    for (std::uint64_t i = 0; i < entries; ++i) {
      const std::uint64_t entry = directory + 2 + 12 * i;
      if (!inside(entry, 12)) return 1;
      if (number(entry, 2) != orientation_tag) continue;
      const bool one_short = number(entry + 2, 2) == short_type && number(entry + 4, 4) == 1;
      const std::uint64_t value = number(entry + 8, 2);
      return one_short && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
  }

 private:
  static constexpr std::uint64_t orientation_tag = 0x0112, short_type = 3;

  bool inside(std::uint64_t at, std::uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }

  std::uint64_t number(std::uint64_t at, int count) const {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
      const auto byte = std::to_integer<std::uint64_t>(bytes_[at + static_cast<std::uint64_t>(i)]);
      value |= byte << 8 * (little_ ? i : count - 1 - i);
    }
    return value;
  }

  Bytes bytes_;
  bool little_ = false;
};

}  // namespace

int exif_orientation(Bytes jpeg) {
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(jpeg[at]); };
  std::size_t at = 2;  // after the start-of-image marker
  while (at + 4 <= jpeg.size() && byte(at) == 0xFF) {
    const unsigned marker = byte(at + 1);
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) return 1;  // the image begins or ends
    const std::size_t length = byte(at + 2) << 8 | byte(at + 3);
    if (length < 2 || length > jpeg.size() - at - 2) return 1;
    const Bytes segment = jpeg.subspan(at + 4, length - 2);
    if (marker == 0xE1 && segment.size() >= 6 && std::memcmp(segment.data(), "Exif\0\0", 6) == 0)
      return Tiff(segment.subspan(6)).orientation();
    at += 2 + length;
  }
  return 1;
}

}  // namespace danas
