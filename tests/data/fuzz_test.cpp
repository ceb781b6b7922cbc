// Files damaged at random: whatever their bytes, they are read within their end, and end in pixels or in an Error.
#include <algorithm>
#include <iterator>

#include "base/file.hpp"
#include "base/random.hpp"
#include "image_files.hpp"
#include "support.hpp"

namespace danas::test {

namespace {

// Damages of the kinds that parsers fall for: numbers at their limits, lengths that lie, pieces lost, doubled or strange.
class Mutation {
 public:
  Mutation(std::uint64_t number, const std::vector<std::string>& others)
      : random_(7, "mutation", number), others_(others) {}

  std::string operator()(std::string file) {
    for (std::size_t times = 1 + below(4); times > 0; --times) damage(file, 0, file.size());
    return file;
  }

  /// Within [begin, end) alone, which keeps its length.
  std::string within(std::string file, std::size_t begin, std::size_t end) {
    for (std::size_t times = 1 + below(6); times > 0; --times) overwrite(file, begin, end);
    return file;
  }

 private:
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_.below(std::max<std::size_t>(end, 1))); }

  void damage(std::string& file, std::size_t begin, std::size_t end) {
    const std::size_t at = below(file.size()), count = below(std::min<std::size_t>(file.size() - at + 1, 64));
    switch (below(6)) {
      case 0: file.resize(at); break;
      case 1: file.erase(at, count); break;
      case 2: file.insert(at, file.substr(at, count)); break;
      case 3: {
        const std::string& other = others_[below(others_.size())];
        const std::size_t from = below(other.size());
        file.replace(at, count, other.substr(from, below(64)));
        break;
      }
      default: overwrite(file, begin, std::min(end, file.size()));
    }
  }

  void overwrite(std::string& file, std::size_t begin, std::size_t end) {
    static const std::string limits[] = {
        {"\0\0\0\0", 4}, "\xFF\xFF\xFF\xFF", "\x7F\xFF\xFF\xFF", {"\x80\0\0\0", 4}, {"\0\0\0\1", 4},
        {"\1\0\0\0", 4}, {"\1\x12\0\3", 4},  {"\x12\1\3\0", 4}  // how an entry of the orientation begins
    };
    const std::size_t at = begin + below(end - std::min(begin, end)), room = end > at ? end - at : 0;
    if (below(2) == 0) {
      file.replace(at, std::min(room, std::size_t{1}), std::min(room, std::size_t{1}), static_cast<char>(below(256)));
    } else {
      const std::size_t bytes = std::min(room, std::size_t{1} << below(3));
      file.replace(at, bytes, limits[below(std::size(limits))].substr(0, bytes));
    }
  }

  Random random_;
  const std::vector<std::string>& others_;
};

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
