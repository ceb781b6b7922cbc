#include <cmath>
#include <cstring>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <webp/encode.h>

#include "base/file.hpp"
#include "data/codecs.hpp"
#include "data/decode.hpp"
#include "image_files.hpp"
#include "support.hpp"

namespace danas::test {

namespace {

// A BMP of 24 bits, 1×2 pixels: rows from the bottom, or from the top with a height of -2.
std::string bmp_of_two_pixels(int height) {
  std::string file = "BM";
  for (const unsigned value : {62u, 0u, 54u, 40u, 1u, static_cast<unsigned>(height)}) append_number(file, value, 4);
  append_number(file, 1, 2), append_number(file, 24, 2);
  for (int i = 0; i < 6; ++i) append_number(file, 0, 4);
  for (const unsigned value : {30u, 20u, 10u, 0u, 60u, 50u, 40u, 0u}) append_number(file, value, 1);
  return file;
}

// A PNG of gray pixels whose data inflate to `zeros` zeros or a few more: a block of fixed codes, runs of 258.
std::string png_of_zeros(unsigned side, std::size_t zeros) {
  std::string data = "\x78\x01";
  unsigned filled = 0, byte = 0;
  const auto bits = [&](const char* text) {
    for (; *text; ++text) {
      byte |= static_cast<unsigned>(*text - '0') << filled;
      if (++filled == 8) data += static_cast<char>(byte), filled = byte = 0;
    }
  };
  // clang-format off
  bits("110" "00110000");  // the last block, of fixed codes; the first zero
  for (std::size_t count = 1; count < zeros; count += 258) bits("11000101" "00000");
  bits("0000000" "0000000");  // the end of the block, and what fills the last byte
  // clang-format on
  std::string header, file = "\x89PNG\r\n\x1A\n";
  for (int i = 0; i < 2; ++i) append_number(header, side, 4, true);
  append_chunk(file, "IHDR", header + std::string("\x08\0\0\0\0", 5));
  append_chunk(file, "IDAT", data + std::string(4, '\0'));
  append_chunk(file, "IEND", "");
  return file;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(decode_images)

BOOST_AUTO_TEST_CASE(jpeg_color_and_gray) {
  for (const int channels : {1, 3}) {
    const Pixels pixels = smooth_pixels(61, 47, channels);
    BOOST_CHECK_LE(largest_difference(decode(jpeg_of(pixels)), pixels), 6);
  }
}

BOOST_AUTO_TEST_CASE(cmyk_and_ycck) {
  // libjpeg marks CMYK files by an Adobe segment, so 255 means no ink: rgb = value · key / 255.
  const int width = 16, height = 16;
  std::vector<std::uint8_t> cmyk;
  for (int i = 0; i < width * height; ++i) cmyk.insert(cmyk.end(), {200, 100, 50, 220});
  for (const J_COLOR_SPACE space : {JCS_CMYK, JCS_YCCK}) {
    const Pixels pixels = decode(jpeg_of(cmyk, width, height, 4, JCS_CMYK, space));
    BOOST_REQUIRE_EQUAL(pixels.channels, 3);
    const int wanted[3] = {200 * 220 / 255, 100 * 220 / 255, 50 * 220 / 255};
    for (int c = 0; c < 3; ++c) BOOST_CHECK_LE(std::abs(at(pixels, 7, 9, c) - wanted[c]), 4);
  }
}

BOOST_AUTO_TEST_CASE(cmyk_without_adobe_marker_is_ink) {
  std::vector<std::uint8_t> cmyk;
  for (int i = 0; i < 256; ++i) cmyk.insert(cmyk.end(), {200, 100, 50, 20});
  std::string file = jpeg_of(cmyk, 16, 16, 4, JCS_CMYK, JCS_CMYK);
  const std::size_t marker = file.find("Adobe");
  BOOST_REQUIRE_NE(marker, std::string::npos);
  file.erase(marker - 4, 16);
  const Pixels pixels = decode(file);
  const int wanted[3] = {55 * 235 / 255, 155 * 235 / 255, 205 * 235 / 255};
  for (int c = 0; c < 3; ++c) BOOST_CHECK_LE(std::abs(at(pixels, 3, 4, c) - wanted[c]), 4);
}

BOOST_AUTO_TEST_CASE(scaled_decoding_keeps_the_shorter_side) {
  const std::string file = jpeg_of(smooth_pixels(330, 200, 3));
  for (const int side : {1, 25, 26, 50, 99, 100, 101, 199, 200, 500}) {
    const Pixels pixels = decode(file, side);
    BOOST_CHECK_GE(pixels.height, std::min(side, 200));
    BOOST_CHECK_LE(pixels.height, std::min(200, side + 25));
    BOOST_CHECK_LE(std::abs(pixels.width - pixels.height * 1.65), 2.0);
  }
}

BOOST_AUTO_TEST_CASE(truncated_jpeg_is_an_error) {
  const std::string file = jpeg_of(smooth_pixels(120, 90, 3));
  for (int part = 0; part < 64; ++part) {
    const std::string cut = file.substr(0, file.size() * static_cast<std::size_t>(part) / 64);
    BOOST_CHECK_THROW(decode(cut), Error);
  }
  BOOST_CHECK_THROW(decode(file.substr(0, file.size() - 40)), Error);
  check_error([&] { decode(file.substr(0, file.size() / 2)); }, {"[x]", "whole JPEG", "pixels are lost"});
}

BOOST_AUTO_TEST_CASE(sequential_jpeg_with_progressive_parameters) {
  const std::string plain = jpeg_of(smooth_pixels(61, 47, 3));
  const std::size_t scan = plain.find("\xFF\xDA");
  BOOST_REQUIRE_NE(scan, std::string::npos);
  BOOST_CHECK(decode(plain).remark.empty());
  for (const auto& [place, value] : {std::pair{11, '\0'}, std::pair{12, '\0'}, std::pair{13, '\x12'}}) {
    std::string file = plain;
    file[scan + static_cast<std::size_t>(place)] = value;
    const Pixels pixels = decode(file);
    BOOST_CHECK(pixels.data == decode(plain).data);
    if (file != plain) BOOST_CHECK_MESSAGE(pixels.remark.find("SOS") != std::string::npos, pixels.remark);
  }
}

BOOST_AUTO_TEST_CASE(progressive_jpeg_with_a_scan_too_many) {
  const std::string plain = jpeg_of(smooth_pixels(61, 47, 3), exif_of(3, true), true);
  const std::size_t first = plain.find("\xFF\xDA"), end = plain.find("\xFF\xC4", first);
  BOOST_REQUIRE_NE(end, std::string::npos);
  const Pixels pixels = decode(plain.substr(0, end) + plain.substr(first));
  BOOST_CHECK(pixels.data == decode(plain).data);
  BOOST_CHECK_MESSAGE(pixels.remark.find("progression") != std::string::npos, pixels.remark);  // turning keeps it
  BOOST_CHECK(decode(plain).remark.empty());
}

BOOST_AUTO_TEST_CASE(progressive_jpeg_of_endless_scans) {
  const std::string plain = jpeg_of(smooth_pixels(61, 47, 3), {}, true);
  const std::size_t first = plain.find("\xFF\xDA"), end = plain.find("\xFF\xC4", first);
  BOOST_REQUIRE_NE(end, std::string::npos);
  std::string file = plain.substr(0, end);
  for (int i = 0; i < 600; ++i) file += plain.substr(first, end - first);
  check_error([&] { decode(file + plain.substr(end)); }, {"[x]", "whole JPEG", "more than 500 scans"});
}

BOOST_AUTO_TEST_CASE(png_gray_color_alpha) {
  TemporaryFolder folder;
  for (const int channels : {1, 3}) {
    const Pixels pixels = smooth_pixels(33, 21, channels);
    write_png(folder.path() / "x.png", pixels);
    BOOST_CHECK_EQUAL(largest_difference(decode_image(folder.path() / "x.png"), pixels), 0);
  }
  Pixels alpha{{}, 2, 1, 4};
  alpha.data = {200, 100, 50, 0, 200, 100, 50, 255};
  write_png(folder.path() / "a.png", alpha);
  const Pixels black = decode_image(folder.path() / "a.png");
  BOOST_CHECK_EQUAL(black.channels, 3);
  BOOST_CHECK((black.data == std::vector<std::uint8_t>{0, 0, 0, 200, 100, 50}));
}

BOOST_AUTO_TEST_CASE(png_of_16_bits) {
  // 2×1 pixels of 16-bit gray, 0x1234 and 0xFEDC, stored without compression.
  const unsigned char header[] = {0, 0, 0, 2, 0, 0, 0, 1, 16, 0, 0, 0, 0};
  const unsigned char data[] = {0x78, 0x01, 0x01, 5, 0, 0xFA, 0xFF, 0, 0x12, 0x34, 0xFE, 0xDC, 0, 0, 0, 0};
  std::string file = "\x89PNG\r\n\x1A\n";
  append_chunk(file, "IHDR", std::string(reinterpret_cast<const char*>(header), sizeof header));
  append_chunk(file, "IDAT", std::string(reinterpret_cast<const char*>(data), sizeof data));
  append_chunk(file, "IEND", "");
  const Pixels pixels = decode(file);
  BOOST_CHECK_EQUAL(pixels.channels, 1);
  BOOST_CHECK((pixels.data == std::vector<std::uint8_t>{0x12, 0xFE}));
}

BOOST_AUTO_TEST_CASE(truncated_png_is_an_error) {
  TemporaryFolder folder;
  write_png(folder.path() / "x.png", smooth_pixels(64, 48, 3));
  const std::string file = read_file(folder.path() / "x.png");
  for (int part = 0; part < 64; ++part)
    BOOST_CHECK_THROW(decode(file.substr(0, file.size() * static_cast<std::size_t>(part) / 64)), Error);
}

BOOST_AUTO_TEST_CASE(bmp) {
  for (const int height : {2, -2}) {
    const Pixels pixels = decode(bmp_of_two_pixels(height));
    BOOST_CHECK_EQUAL(pixels.width, 1);
    BOOST_CHECK_EQUAL(pixels.height, 2);
    const std::vector<std::uint8_t> upward{40, 50, 60, 10, 20, 30}, downward{10, 20, 30, 40, 50, 60};
    BOOST_CHECK(pixels.data == (height > 0 ? upward : downward));
  }
}

BOOST_AUTO_TEST_CASE(bmp_with_run_lengths) {
  for (const char compression : {1, 2}) {
    std::string file = bmp_of_two_pixels(2);
    file[30] = compression;
    check_error([&] { decode(file); }, {"[x]", "a BMP without run-length compression"});
  }
  std::string file = bmp_of_two_pixels(2);
  file[30] = 4;
  check_error([&] { decode(file); }, {"[x]", "of a known kind", "BMP JPEG/PNG"});
}

BOOST_AUTO_TEST_CASE(png_of_impossible_size) {
  const auto png = [](unsigned width, unsigned height, char bits) {
    std::string header, file = "\x89PNG\r\n\x1A\n";
    append_number(header, width, 4, true), append_number(header, height, 4, true);
    append_chunk(file, "IHDR", header + bits + std::string(4, '\0'));
    append_chunk(file, "IDAT", "");
    append_chunk(file, "IEND", "");
    return file;
  };
  check_error([&] { decode(png(0, 5, 8)); }, {"[x]", "1 pixel to 100 megapixels", "0×5 pixels"});
  check_error([&] { decode(png(5, 0, 8)); }, {"5×0 pixels"});
  check_error([&] { decode(png(1, 0x80000001u, 8)); }, {"100 megapixels", "1×2147483649 pixels"});
  check_error([&] { decode(png(20'000, 20'000, 8)); }, {"100 megapixels", "20000×20000 pixels"});
  check_error([&] { decode(png(5, 5, 3)); }, {"[x]", "of a known kind"});
}

BOOST_AUTO_TEST_CASE(truncated_bmp_is_an_error) {
  for (const int height : {2, -2}) {
    const std::string file = bmp_of_two_pixels(height);
    for (std::size_t length = 0; length < file.size(); ++length)
      BOOST_CHECK_THROW(decode(file.substr(0, length)), Error);
    check_error([&] { decode(file.substr(0, 54)); }, {"[x]", "BMP image of 62 bytes", "54"});
    check_error([&] { decode(file.substr(0, file.size() / 4)); }, {"[x]", "whole BMP", "truncated"});
  }
}

BOOST_AUTO_TEST_CASE(damaged_png_is_an_error) {
  TemporaryFolder folder;
  write_png(folder.path() / "x.png", smooth_pixels(24, 16, 3));
  const std::string file = read_file(folder.path() / "x.png");
  for (std::size_t i = 0; i < file.size(); ++i) {  // every byte
    std::string damaged = file;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    BOOST_CHECK_THROW(decode(damaged), Error);
  }
  check_error([&] { decode(file.substr(0, file.size() - 12)); }, {"[x]", "whole PNG", "without an end"});
}

BOOST_AUTO_TEST_CASE(png_that_inflates_beyond_its_pixels) {
  const Pixels pixels = decode(png_of_zeros(40, 40 * 41));
  BOOST_CHECK_EQUAL(pixels.width, 40);
  BOOST_CHECK(pixels.data == std::vector<std::uint8_t>(1600, 0));
  check_error([] { decode(png_of_zeros(40, 10'000'000)); }, {"[x]", "fill its pixels", "more data"});
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
BOOST_AUTO_TEST_CASE(too_little_memory_is_no_fault_of_the_file) {
  TemporaryFolder folder;
  write(folder.path() / "large.png", png_of_zeros(6000, 6000 * 6001));
  const int status = in_child([&] {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (64 << 20);
    const rlimit limit{most, most};
    ::setrlimit(RLIMIT_AS, &limit);
    decode_image(folder.path() / "large.png");
    return 0;
  });
  BOOST_CHECK_EQUAL(status, static_cast<int>(Fault::failure));
}
#endif

BOOST_AUTO_TEST_CASE(webp) {
  const Pixels pixels = smooth_pixels(53, 37, 3);
  std::uint8_t* memory = nullptr;
  std::size_t size = WebPEncodeLosslessRGB(pixels.data.data(), 53, 37, 53 * 3, &memory);
  const std::string lossless(reinterpret_cast<char*>(memory), size);
  WebPFree(memory);
  BOOST_CHECK_EQUAL(largest_difference(decode(lossless), pixels), 0);
  size = WebPEncodeRGB(pixels.data.data(), 53, 37, 53 * 3, 95, &memory);
  const std::string lossy(reinterpret_cast<char*>(memory), size);
  WebPFree(memory);
  BOOST_CHECK_LE(largest_difference(decode(lossy), pixels), 40);
  for (int part = 0; part < 64; ++part)
    BOOST_CHECK_THROW(decode(lossless.substr(0, lossless.size() * static_cast<std::size_t>(part) / 64)), Error);
}

BOOST_AUTO_TEST_CASE(other_files_and_giants_are_refused) {
  TemporaryFolder folder;
  write(folder.path() / "text.jpg", "this is no image");
  check_error([&] { decode_image(folder.path() / "text.jpg"); }, {"text.jpg", "JPEG, PNG, BMP or WebP"});
  write(folder.path() / "empty.png", "");
  check_error([&] { decode_image(folder.path() / "empty.png"); }, {"empty.png", "empty file"});
  check_error([&] { decode_image(folder.path() / "none.png"); }, {"none.png"});
  std::string giant = jpeg_of(smooth_pixels(16, 16, 3));
  const std::size_t frame = giant.find("\xFF\xC0");
  BOOST_REQUIRE_NE(frame, std::string::npos);
  for (const std::size_t i : {5, 6, 7, 8}) giant[frame + i] = '\x7F';
  check_error([&] { decode(giant); }, {"100 megapixels"});
}

BOOST_AUTO_TEST_CASE(pipes_and_huge_files_are_not_read) {
  TemporaryFolder folder;
  BOOST_REQUIRE_EQUAL(::mkfifo((folder.path() / "pipe.png").c_str(), 0600), 0);
  check_error([&] { decode_image(folder.path() / "pipe.png"); }, {"pipe.png", "an image file"});
  write(folder.path() / "huge.png", "");
  std::filesystem::resize_file(folder.path() / "huge.png", (std::uintmax_t{512} << 20) + 1);
  check_error([&] { decode_image(folder.path() / "huge.png"); }, {"huge.png", "at most 536870912 bytes", "536870913"});
}

BOOST_AUTO_TEST_CASE(format_is_told_by_content) {
  TemporaryFolder folder;
  const Pixels pixels = smooth_pixels(20, 10, 3);
  write(folder.path() / "wrong.png", jpeg_of(pixels));
  BOOST_CHECK_LE(largest_difference(decode_image(folder.path() / "wrong.png"), pixels), 6);
}

BOOST_AUTO_TEST_CASE(area_resize) {
  // By hand: an average of 2×2 blocks, and of 1.5 pixels.
  const Pixels blocks{{10, 20, 30, 40, 50, 60, 70, 81}, 4, 2, 1};
  BOOST_CHECK((resized(blocks, 2, 1).data == std::vector<std::uint8_t>{35, 55}));
  const Pixels row{{0, 90, 240}, 3, 1, 1};
  BOOST_CHECK((resized(row, 2, 1).data == std::vector<std::uint8_t>{30, 190}));
  BOOST_CHECK(resized(blocks, 4, 2).data == blocks.data);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
