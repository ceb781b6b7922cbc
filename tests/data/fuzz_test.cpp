// Files damaged at random: whatever their bytes, they are read within their end, and end in pixels or in an Error.
#include "image_files.hpp"
#include "mutation.hpp"
#include "support.hpp"

namespace danas::test {

namespace {

// In memory that ends where the file does.
void read_hostile(const std::string& file, int shorter_side) {
  const std::vector<char> exact(file.begin(), file.end());
  const Bytes bytes = std::as_bytes(std::span(exact));
  const int orientation = exif_orientation(bytes);
  BOOST_CHECK(orientation >= 1 && orientation <= 8);
  try {
    const Pixels pixels = decode_bytes(bytes, shorter_side, "x");
    BOOST_CHECK(pixels.width > 0 && pixels.height > 0 && (pixels.channels == 1 || pixels.channels == 3));
    BOOST_CHECK_EQUAL(pixels.data.size(), static_cast<std::size_t>(pixels.width) *
                                              static_cast<std::size_t>(pixels.height * pixels.channels));
  } catch (const Error&) {  // many are no images any more
  }
}

std::vector<std::string> whole_files() {
  const Pixels color = smooth_pixels(24, 17, 3), gray = smooth_pixels(16, 9, 1);
  const std::string exif = exif_of(6, true), motorola = exif_of(8, false, true);
  return {jpeg_of(color, exif),
          jpeg_of(gray, motorola),
          jpeg_of(color, motorola, true),
          jpeg_of(std::vector<std::uint8_t>(9 * 8 * 4, 100), 9, 8, 4, JCS_CMYK, JCS_YCCK, exif),
          png_with(color, exif.substr(6)),
          png_with(gray, motorola),
          webp_with(color, exif)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fuzz)

BOOST_AUTO_TEST_CASE(damaged_files_are_read_within_their_end) {
  const std::vector<std::string> files = whole_files();
  std::uint64_t number = 0;
  for (const std::string& file : files)
    for (int i = 0; i < 4000; ++i) read_hostile(Mutation(++number, files)(file), i % 2 == 0 ? 0 : 5);
}

// The directory alone: the image around it stays whole, so that all of its reader is reached. It is the end of a WebP
// file, where no read beyond it stays in memory.
BOOST_AUTO_TEST_CASE(damaged_directories_are_read_within_their_end) {
  const Pixels pixels = smooth_pixels(8, 8, 3);
  const std::vector<std::string> none(1);
  std::uint64_t number = 0, turned = 0;
  for (const std::string& exif :
       {exif_of(6, true), exif_of(6, false), exif_of(5, true, true), exif_of(5, false, true)}) {
    for (const std::string& file : {jpeg_of(pixels, exif), webp_with(pixels, exif)}) {
      const std::size_t begin = file.find(exif);
      BOOST_REQUIRE_NE(begin, std::string::npos);
      for (int i = 0; i < 3000; ++i) {
        const std::string damaged = Mutation(++number, none).within(file, begin, begin + exif.size());
        read_hostile(damaged, 0);
        if (exif_orientation(bytes_of(damaged)) > 1) ++turned;
      }
    }
  }
  BOOST_CHECK_GT(turned, 2000);
  BOOST_CHECK_LT(turned, number);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
