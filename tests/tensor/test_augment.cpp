// What a network sees of an image: figures from TensorFlow and by hand, symmetries, and every backend to the bit.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "backends.hpp"
#include "base/file.hpp"
#include "base/random.hpp"
#include "tensor/area_resize.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

// The number generator of the fixtures' README.
double fixture_number(std::uint64_t tensor, std::uint64_t index) {
  std::uint64_t z = tensor * 0x9E3779B97F4A7C15u + index * 0xD1B54A32D192ED03u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1;
}

std::filesystem::path golden(const std::string& name) {
  const char* folder = std::getenv("DANAS_GOLDEN");
  return std::filesystem::path(folder && *folder ? folder : DANAS_GOLDEN_FOLDER) / name;
}

struct Picture {
  std::vector<std::uint8_t> pixels;
  int width, height, channels;
  Image image() const { return {pixels.data(), width, height, channels}; }
  Crop whole() const { return {0, 0, width, height, false}; }
};

Picture picture_of(int width, int height, int channels, std::vector<std::uint8_t> pixels) {
  return {std::move(pixels), width, height, channels};
}

Picture random_picture(int width, int height, int channels, std::uint64_t number) {
  Picture picture{{}, width, height, channels};
  Random random(1, "picture", number);
  for (int i = 0; i < width * height * channels; ++i)
    picture.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
  return picture;
}

// What one image becomes, as pixels; a number that no pixel gives is an error.
std::vector<int> see(Backend& backend, const Picture& picture, const Crop& crop, std::int64_t h, std::int64_t w,
                     std::int64_t c) {
  const Tensor out(backend, 1, h, w, c);
  const Image image = picture.image();
  backend.augment(std::span(&image, 1), std::span(&crop, 1), out.view());
  std::vector<int> values;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const double pixel = get(out.view(), i) * 128 + 128;
    BOOST_REQUIRE(pixel >= 0 && pixel <= 255 && pixel == std::floor(pixel));
    values.push_back(static_cast<int>(pixel));
  }
  return values;
}

std::vector<int> integers(const std::vector<std::uint8_t>& pixels) { return {pixels.begin(), pixels.end()}; }

// Single pixels within `pixel_tolerance`; mean and standard deviation, where rounding averages out, more closely.
void check_figures(const nlohmann::json& figures, const std::vector<int>& values, double pixel_tolerance) {
  double mean = 0, square = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) square += (value - mean) * (value - mean) / static_cast<double>(values.size());
  BOOST_CHECK_SMALL(mean - figures.at("mean").get<double>(), 0.1);
  if (figures.contains("std")) BOOST_CHECK_SMALL(std::sqrt(square) - figures.at("std").get<double>(), 0.1);
  for (const auto& [index, value] : figures.at("at").items())
    BOOST_CHECK_SMALL(values.at(std::stoul(index)) - value.get<double>(), pixel_tolerance);
}

}  // namespace

FOR_EACH_BACKEND(resizing_agrees_with_tensorflow) {
  const nlohmann::json all = nlohmann::json::parse(read_file(golden("tf_image.json")));
  BOOST_REQUIRE(!all.empty());
  for (const nlohmann::json& each : all) BOOST_TEST_CONTEXT(backend.name() << ", tensor " << each.at("tensor")) {
      Picture picture{{}, each.at("width"), each.at("height"), 3};
      const std::uint64_t tensor = each.at("tensor");
      for (int i = 0; i < picture.width * picture.height * 3; ++i)
        picture.pixels.push_back(static_cast<std::uint8_t>(
            std::min(255.0, std::floor(128 * (fixture_number(tensor, static_cast<std::uint64_t>(i)) + 1)))));
      const std::vector<int> resized =
          see(backend, picture, picture.whole(), each.at("out_height"), each.at("out_width"), 3);
      check_figures(each.at("area"), resized, 0.51);
      // TensorFlow's gray weights are 0.2989, 0.587, 0.114; ours are whole 256ths of ITU-R 601's.
      check_figures(each.at("gray"), see(backend, picture, picture.whole(), picture.height, picture.width, 1), 1);
    }
}

FOR_EACH_BACKEND(means_are_rounded_half_up) {
  const Picture pair = picture_of(2, 1, 1, {0, 1}), row = picture_of(3, 1, 1, {30, 60, 91});
  const Picture square = picture_of(2, 2, 1, {0, 0, 0, 1}), most = picture_of(2, 2, 1, {255, 255, 255, 254});
  BOOST_TEST_CONTEXT(backend.name()) {
    BOOST_TEST(see(backend, pair, pair.whole(), 1, 1, 1) == std::vector<int>{1});          // 0.5
    BOOST_TEST(see(backend, row, row.whole(), 1, 2, 1) == (std::vector<int>{40, 81}));     // 40 and 80 2/3
    BOOST_TEST(see(backend, row, row.whole(), 1, 1, 1) == std::vector<int>{60});           // 60 1/3
    BOOST_TEST(see(backend, square, square.whole(), 1, 1, 1) == std::vector<int>{0});      // 0.25
    BOOST_TEST(see(backend, most, most.whole(), 1, 1, 1) == std::vector<int>{255});        // 254.75
    BOOST_TEST(see(backend, pair, pair.whole(), 1, 3, 1) == (std::vector<int>{0, 1, 1}));  // enlarged
  }
}

FOR_EACH_BACKEND(a_crop_is_the_image_of_its_pixels) {
  const Picture picture = random_picture(31, 23, 3, 1);
  const Crop crop{4, 7, 19, 13, false};
  Picture cut{{}, crop.width, crop.height, 3};
  for (int y = 0; y < crop.height; ++y)
    for (int x = 0; x < crop.width * 3; ++x)
      cut.pixels.push_back(picture.pixels[static_cast<std::size_t>(((y + crop.y) * 31 + crop.x) * 3 + x)]);
  BOOST_TEST_CONTEXT(backend.name())
  BOOST_TEST(see(backend, picture, crop, 8, 9, 3) == see(backend, cut, cut.whole(), 8, 9, 3));
}

FOR_EACH_BACKEND(a_flip_mirrors_the_columns) {
  const Picture picture = random_picture(31, 23, 3, 2);
  for (const auto& [width, height] : {std::pair(11, 10), std::pair(24, 20), std::pair(50, 20)})
    BOOST_TEST_CONTEXT(backend.name() << " " << width << "x" << height) {
      const std::vector<int> straight = see(backend, picture, {3, 2, 24, 20, false}, height, width, 3);
      const std::vector<int> flipped = see(backend, picture, {3, 2, 24, 20, true}, height, width, 3);
      std::vector<int> mirrored;
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
          for (int c = 0; c < 3; ++c)
            mirrored.push_back(straight[static_cast<std::size_t>((y * width + width - 1 - x) * 3 + c)]);
      BOOST_TEST(flipped == mirrored);
      BOOST_TEST(straight != flipped);
    }
}

FOR_EACH_BACKEND(resizing_to_the_same_size_changes_nothing) {
  const Picture picture = random_picture(13, 17, 3, 3);
  BOOST_TEST_CONTEXT(backend.name())
  BOOST_TEST(see(backend, picture, picture.whole(), 17, 13, 3) == integers(picture.pixels));
}

FOR_EACH_BACKEND(gray_is_weighted_and_repeated) {
  const Picture color = random_picture(9, 6, 3, 4), gray = random_picture(9, 6, 1, 5);
  std::vector<int> weighted, repeated;
  for (std::size_t i = 0; i < 9 * 6; ++i) {
    const std::uint8_t* rgb = color.pixels.data() + 3 * i;
    weighted.push_back((77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2] + 128) >> 8);
    repeated.insert(repeated.end(), 3, gray.pixels[i]);
  }
  const Picture white = picture_of(1, 1, 3, {255, 255, 255});
  BOOST_TEST_CONTEXT(backend.name()) {
    BOOST_TEST(see(backend, color, color.whole(), 6, 9, 1) == weighted);
    BOOST_TEST(see(backend, gray, gray.whole(), 6, 9, 3) == repeated);
    BOOST_TEST(see(backend, gray, gray.whole(), 6, 9, 1) == integers(gray.pixels));
    BOOST_TEST(see(backend, white, white.whole(), 1, 1, 1) == std::vector<int>{255});
  }
}

FOR_EACH_BACKEND(gray_is_of_the_rounded_pixels) {
  const Picture picture = picture_of(2, 1, 3, {0, 0, 0, 1, 1, 0});  // means 0.5, 0.5, 0: pixels 1, 1, 0
  BOOST_TEST(see(backend, picture, picture.whole(), 1, 1, 1) == std::vector<int>{(77 + 150 + 128) >> 8});
}

FOR_EACH_INSTRUCTION_SET(every_backend_sees_the_same_bits) {
  const auto backend = make_cpu_backend(2, instruction_set), reference = make_reference_backend(Type::f64);
  std::uint64_t number = 10;
  for (const int channels : {1, 3})
    for (const auto& [width, height] : {std::pair(1, 1), std::pair(5, 3), std::pair(97, 40), std::pair(700, 300)}) {
      const Picture picture = random_picture(width, height, channels, ++number);
      for (const auto& [w, h] : {std::pair(1, 1), std::pair(32, 40), std::pair(97, 7), std::pair(129, 33)})
        for (const int seen : {1, 3}) {
          const Crop crop{width / 5, height / 7, width - width / 5, height - height / 7, number % 2 == 0};
          const std::vector<int> right = see(*reference, picture, crop, h, w, seen);
          BOOST_TEST_CONTEXT(backend->name() << ", " << width << "x" << height << "x" << channels << " to " << w << "x"
                                             << h << "x" << seen)
          BOOST_TEST(see(*backend, picture, crop, h, w, seen) == right);
        }
    }
}

// Sums beyond 2^31 and 2^32.
FOR_EACH_INSTRUCTION_SET(the_largest_crops_are_exact) {
  const auto backend = make_cpu_backend(2, instruction_set), reference = make_reference_backend(Type::f64);
  const int longest = 1 << 24;
  const Picture column = picture_of(1, longest, 1, std::vector<std::uint8_t>(std::size_t{1} << 24, 255));
  const Picture row = picture_of(longest, 1, 1, column.pixels);
  const Picture gray = random_picture(3001, 3000, 1, 30), color = random_picture(3001, 3000, 3, 31);
  BOOST_TEST_CONTEXT(backend->name()) {
    BOOST_TEST(see(*backend, column, column.whole(), 1, 1, 1) == std::vector<int>{255});
    BOOST_TEST(see(*backend, row, row.whole(), 1, 1, 1) == std::vector<int>{255});
    for (const Picture* picture : {&gray, &color})
      BOOST_TEST(see(*backend, *picture, picture->whole(), 2, 3, picture->channels) ==
                 see(*reference, *picture, picture->whole(), 2, 3, picture->channels));
  }
  const Picture longer = picture_of(longest + 1, 1, 1, std::vector<std::uint8_t>((std::size_t{1} << 24) + 1));
  BOOST_CHECK_THROW(see(*reference, longer, longer.whole(), 1, 1, 1), Error);
}

FOR_EACH_BACKEND(pixels_and_numbers_are_of_one_preparation) {
  const Picture picture = random_picture(61, 47, 3, 40);
  const Crop crop{5, 6, 50, 40, true};
  for (const int channels : {1, 3}) {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(16 * 18 * channels));
    area_resize(picture.image(), crop, 18, 16, channels, pixels.data());
    BOOST_TEST(see(backend, picture, crop, 16, 18, channels) == integers(pixels));
  }
}
