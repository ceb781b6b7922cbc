// EXIF orientation in every format that has it.
#include "image_files.hpp"
#include "support.hpp"

namespace danas::test {

namespace {

// What a camera stores when the upright picture is `upright`: the definition of the EXIF standard, rows and columns
// named by the side of the picture they lie on.
Pixels stored(const Pixels& upright, int orientation) {
  const int w = upright.width, h = upright.height;
  Pixels out{{}, orientation >= 5 ? h : w, orientation >= 5 ? w : h, upright.channels};
  for (int row = 0; row < out.height; ++row)
    for (int column = 0; column < out.width; ++column) {
      int x = 0, y = 0;
      switch (orientation) {
        case 1: y = row, x = column; break;                  // row 0 top, column 0 left
        case 2: y = row, x = w - 1 - column; break;          // top, right
        case 3: y = h - 1 - row, x = w - 1 - column; break;  // bottom, right
        case 4: y = h - 1 - row, x = column; break;          // bottom, left
        case 5: x = row, y = column; break;                  // left, top
        case 6: x = w - 1 - row, y = column; break;          // right, top
        case 7: x = w - 1 - row, y = h - 1 - column; break;  // right, bottom
        default: x = row, y = h - 1 - column; break;         // left, bottom
      }
      for (int c = 0; c < out.channels; ++c) out.data.push_back(at(upright, x, y, c));
    }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(exif)

BOOST_AUTO_TEST_CASE(exif_orientations) {
  const Pixels upright = smooth_pixels(40, 24, 3);
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool little : {true, false}) {
      const std::string file = jpeg_of(stored(upright, orientation), exif_of(orientation, little));
      BOOST_CHECK_EQUAL(exif_orientation(bytes_of(file)), orientation);
      BOOST_CHECK_LE(largest_difference(decode(file), upright), 8);
    }
}

BOOST_AUTO_TEST_CASE(hostile_exif_is_ignored) {
  const Pixels pixels = smooth_pixels(16, 8, 1);
  const std::string whole = exif_of(6, true);
  for (std::size_t length = 0; length <= 40; ++length)  // the entry ends at 40
    BOOST_CHECK_EQUAL(exif_orientation(bytes_of(jpeg_of(pixels, whole.substr(0, length)))), length < 40 ? 1 : 6);
  std::string far = whole;
  for (int i = 0; i < 4; ++i) far[static_cast<std::size_t>(10 + i)] = '\xFF';  // the directory lies beyond the end
  BOOST_CHECK_EQUAL(exif_orientation(bytes_of(jpeg_of(pixels, far))), 1);
  for (const int value : {0, 9, 255})
    BOOST_CHECK_EQUAL(exif_orientation(bytes_of(jpeg_of(pixels, exif_of(value, true)))), 1);
  const std::string file = jpeg_of(pixels, whole);
  for (std::size_t length = 0; length < 80; ++length) exif_orientation(bytes_of(file).first(length));  // no read beyond
}

BOOST_AUTO_TEST_CASE(orientation_of_other_formats) {
  const Pixels upright = smooth_pixels(40, 24, 3);
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool little : {true, false})
      for (const std::size_t prefix : {0, 6}) {  // with and without it
        const std::string exif = exif_of(orientation, little).substr(prefix);
        for (const std::string& file :
             {png_with(stored(upright, orientation), exif), webp_with(stored(upright, orientation), exif)}) {
          BOOST_CHECK_EQUAL(exif_orientation(bytes_of(file)), orientation);
          BOOST_CHECK_EQUAL(largest_difference(decode(file), upright), 0);
        }
      }
}

BOOST_AUTO_TEST_CASE(orientation_as_long) {
  const Pixels upright = smooth_pixels(40, 24, 3);
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool little : {true, false}) {
      const std::string file = jpeg_of(stored(upright, orientation), exif_of(orientation, little, true));
      BOOST_CHECK_EQUAL(exif_orientation(bytes_of(file)), orientation);
      BOOST_CHECK_LE(largest_difference(decode(file), upright), 8);
    }
  for (const int value : {0, 9, 0x10006, 0x6000000})
    BOOST_CHECK_EQUAL(exif_orientation(bytes_of(jpeg_of(upright, exif_of(value, true, true)))), 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
