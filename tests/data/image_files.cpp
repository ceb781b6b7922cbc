#include "image_files.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <webp/encode.h>

#include "base/file.hpp"
#include "support.hpp"

namespace danas::test {

namespace {

void append_riff(std::string& file, const std::string& name, const std::string& data) {
  file += name;
  append_number(file, static_cast<unsigned>(data.size()), 4);
  file += data + std::string(data.size() % 2, '\0');
}

}  // namespace

std::string jpeg_of(const std::vector<std::uint8_t>& data, int width, int height, int components, J_COLOR_SPACE from,
                    J_COLOR_SPACE to, const std::string& exif, bool progressive) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = from;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, to);
  jpeg_set_quality(&info, 98, TRUE);
  info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  if (!exif.empty())
    jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                      static_cast<unsigned>(exif.size()));
  while (info.next_scanline < info.image_height) {
    JSAMPROW row =
        const_cast<JSAMPROW>(data.data() + static_cast<std::size_t>(width * components) * info.next_scanline);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string result(reinterpret_cast<char*>(memory), size);
  std::free(memory);
  return result;
}

std::string jpeg_of(const Pixels& pixels, const std::string& exif, bool progressive) {
  return pixels.channels == 1
             ? jpeg_of(pixels.data, pixels.width, pixels.height, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, exif, progressive)
             : jpeg_of(pixels.data, pixels.width, pixels.height, 3, JCS_RGB, JCS_YCbCr, exif, progressive);
}

std::string exif_of(int orientation, bool little, bool as_long) {
  const auto number = [&](unsigned value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * (little ? i : bytes - 1 - i));
    return text;
  };
  return std::string("Exif\0\0", 6) + (little ? "II" : "MM") + number(42, 2) + number(8, 4) + number(2, 2) +
         number(0x0100, 2) + number(4, 2) + number(1, 4) + number(64, 4) +  // another tag
         number(0x0112, 2) + number(as_long ? 4 : 3, 2) + number(1, 4) +
         number(static_cast<unsigned>(orientation), as_long ? 4 : 2) + (as_long ? "" : number(0, 2)) + number(0, 4);
}

std::string png_with(const Pixels& pixels, const std::string& exif) {
  TemporaryFolder folder;
  write_png(folder.path() / "x.png", pixels);
  const std::string file = read_file(folder.path() / "x.png");
  std::string chunk;
  append_chunk(chunk, "eXIf", exif);
  constexpr std::size_t after_header = 33;
  return file.substr(0, after_header) + chunk + file.substr(after_header);
}

std::string webp_with(const Pixels& pixels, const std::string& exif) {
  std::uint8_t* memory = nullptr;
  const std::size_t size =
      WebPEncodeLosslessRGB(pixels.data.data(), pixels.width, pixels.height, 3 * pixels.width, &memory);
  const std::string plain(reinterpret_cast<char*>(memory), size);
  WebPFree(memory);
  std::string features("\x08\0\0\0", 4), chunks;  // EXIF is there
  append_number(features, static_cast<unsigned>(pixels.width - 1), 3);
  append_number(features, static_cast<unsigned>(pixels.height - 1), 3);
  append_riff(chunks, "VP8X", features);
  chunks += plain.substr(12);
  append_riff(chunks, "odd ", "x");
  append_riff(chunks, "EXIF", exif);
  std::string file;
  append_riff(file, "RIFF", "WEBP" + chunks);
  return file;
}

double largest_difference(const Pixels& a, const Pixels& b) {
  BOOST_REQUIRE_EQUAL(a.width, b.width);
  BOOST_REQUIRE_EQUAL(a.height, b.height);
  BOOST_REQUIRE_EQUAL(a.channels, b.channels);
  BOOST_REQUIRE_EQUAL(a.data.size(), b.data.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) largest = std::max(largest, std::abs(double(a.data[i]) - b.data[i]));
  return largest;
}

void append_number(std::string& text, unsigned value, int bytes, bool big) {
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * (big ? bytes - 1 - i : i));
}

void append_chunk(std::string& png, const std::string& type, const std::string& data) {
  append_number(png, static_cast<unsigned>(data.size()), 4, true);
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : type + data) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc % 2 != 0 ? 0xEDB88320u : 0u);
  }
  png += type + data;
  append_number(png, ~crc, 4, true);
}

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }
Pixels decode(const std::string& file, int shorter_side) { return decode_bytes(bytes_of(file), shorter_side, "x"); }

std::uint8_t at(const Pixels& p, int x, int y, int c) {
  return p.data[static_cast<std::size_t>((y * p.width + x) * p.channels + c)];
}

}  // namespace danas::test
