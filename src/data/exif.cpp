// EXIF orientation: the block of the format that holds it, then its TIFF directory, every read checked against the end.
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
      const std::uint64_t type = number(entry + 2, 2);
      if ((type != short_type && type != long_type) || number(entry + 4, 4) != 1) return 1;
      const std::uint64_t value = number(entry + 8, type == long_type ? 4 : 2);
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
  }

 private:
  static constexpr std::uint64_t orientation_tag = 0x0112, short_type = 3, long_type = 4;

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

constexpr char prefix[] = {'E', 'x', 'i', 'f', 0, 0};

bool has_prefix(Bytes block) {
  return block.size() >= sizeof prefix && std::memcmp(block.data(), prefix, sizeof prefix) == 0;
}

// The TIFF part; some writers put JPEG's prefix before it in the other formats too.
Bytes without_prefix(Bytes block) { return has_prefix(block) ? block.subspan(sizeof prefix) : block; }

std::size_t byte(Bytes file, std::size_t at) { return std::to_integer<std::size_t>(file[at]); }

Bytes exif_of_jpeg(Bytes file) {
  std::size_t at = 2;  // after the start-of-image marker
  while (at + 4 <= file.size() && byte(file, at) == 0xFF) {
    const std::size_t marker = byte(file, at + 1);
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) return {};  // the image begins or ends
    const std::size_t length = byte(file, at + 2) << 8 | byte(file, at + 3);
    if (length < 2 || length > file.size() - at - 2) return {};
    const Bytes segment = file.subspan(at + 4, length - 2);
    if (marker == 0xE1 && has_prefix(segment)) return without_prefix(segment);
    at += 2 + length;
  }
  return {};
}

// PNG and RIFF files are chunks of a four-letter name, a length and the data.
struct ChunkFormat {
  std::size_t first;  // byte of the first chunk
  std::size_t name_at, length_at;
  bool big_endian;
  std::size_t after;  // bytes of a checksum after the data
  bool even;          // data of odd length are followed by a byte
  const char* name;
};

Bytes exif_of_chunks(Bytes file, const ChunkFormat& format) {
  constexpr std::size_t header = 8;
  for (std::size_t at = format.first; at <= file.size() && file.size() - at >= header;) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length |= byte(file, at + format.length_at + i) << 8 * (format.big_endian ? 3 - i : i);
    const std::size_t begin = at + header;
    if (length > file.size() - begin) return {};
    if (std::memcmp(file.data() + at + format.name_at, format.name, 4) == 0)
      return without_prefix(file.subspan(begin, length));
    at = begin + length + format.after + (format.even ? length % 2 : 0);
  }
  return {};
}

constexpr ChunkFormat png_chunks{8, 4, 0, true, 4, false, "eXIf"}, webp_chunks{12, 0, 4, false, 0, true, "EXIF"};

}  // namespace

int exif_orientation(Bytes file) {
  switch (image_format(file)) {
    case ImageFormat::jpeg: return Tiff(exif_of_jpeg(file)).orientation();
    case ImageFormat::png: return Tiff(exif_of_chunks(file, png_chunks)).orientation();
    case ImageFormat::webp: return Tiff(exif_of_chunks(file, webp_chunks)).orientation();
    default: return 1;
  }
}

}  // namespace danas
