// What a network sees of an image, against figures from TensorFlow and by its symmetries.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "backends.hpp"
#include "base/file.hpp"
#include "base/random.hpp"
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

std::vector<std::unique_ptr<Backend>> all_backends() {
  std::vector<std::unique_ptr<Backend>> backends = cpu_backends();
  backends.push_back(make_reference_backend(Type::f32));
  backends.push_back(make_reference_backend(Type::f64));
  return backends;
}

struct Picture {
  std::vector<std::uint8_t> pixels;
  int width, height, channels;
  Image image() const { return {pixels.data(), width, height, channels}; }
  Crop whole() const { return {0, 0, width, height, false}; }
};

Picture random_picture(int width, int height, int channels, std::uint64_t number) {
  Picture picture{{}, width, height, channels};
  Random random(1, "picture", number);
  for (int i = 0; i < width * height * channels; ++i)
    picture.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
  return picture;
}

// What one image becomes, in the range of its pixels.
std::vector<double> see(Backend& backend, const Picture& picture, const Crop& crop, std::int64_t h, std::int64_t w,
                        std::int64_t c) {
  const Tensor out(backend, 1, h, w, c);
  const Image image = picture.image();
  backend.augment(std::span(&image, 1), std::span(&crop, 1), out.view());
  std::vector<double> values;
  for (std::int64_t i = 0; i < out.size(); ++i) values.push_back((get(out.view(), i) + 1) * 127.5);
  return values;
}

void check_figures(const nlohmann::json& figures, const std::vector<double>& values, double tolerance) {
  double mean = 0, square = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) square += (value - mean) * (value - mean) / static_cast<double>(values.size());
  BOOST_CHECK_SMALL(mean - figures.at("mean").get<double>(), tolerance);
  if (figures.contains("std")) BOOST_CHECK_SMALL(std::sqrt(square) - figures.at("std").get<double>(), tolerance);
  for (const auto& [index, value] : figures.at("at").items())
    BOOST_CHECK_SMALL(values.at(std::stoul(index)) - value.get<double>(), tolerance);
}

void check_near(const std::vector<double>& values, const std::vector<double>& wanted) {
  BOOST_REQUIRE_EQUAL(values.size(), wanted.size());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) worst = std::max(worst, std::abs(values[i] - wanted[i]));
  BOOST_CHECK_LT(worst, 1e-3);
}

}  // namespace

BOOST_AUTO_TEST_CASE(resizing_agrees_with_tensorflow) {
  const nlohmann::json all = nlohmann::json::parse(read_file(golden("tf_image.json")));
  BOOST_REQUIRE(!all.empty());
  for (const auto& backend : all_backends())
    for (const nlohmann::json& each : all)
      BOOST_TEST_CONTEXT(backend->name() << ", tensor " << each.at("tensor")) {
        Picture picture{{}, each.at("width"), each.at("height"), 3};
        const std::uint64_t tensor = each.at("tensor");
        for (int i = 0; i < picture.width * picture.height * 3; ++i)
          picture.pixels.push_back(static_cast<std::uint8_t>(
              std::min(255.0, std::floor(128 * (fixture_number(tensor, static_cast<std::uint64_t>(i)) + 1)))));
        const std::vector<double> resized =
            see(*backend, picture, picture.whole(), each.at("out_height"), each.at("out_width"), 3);
        check_figures(each.at("area"), resized, 0.02);
        // TensorFlow's weights are 0.2989, 0.587, 0.114: up to 0.0001 of red away from ITU-R 601.
        check_figures(each.at("gray"), see(*backend, picture, picture.whole(), picture.height, picture.width, 1), 0.03);
      }
}

BOOST_AUTO_TEST_CASE(a_crop_is_the_image_of_its_pixels) {
  const Picture picture = random_picture(31, 23, 3, 1);
  const Crop crop{4, 7, 19, 13, false};
  Picture cut{{}, crop.width, crop.height, 3};
  for (int y = 0; y < crop.height; ++y)
    for (int x = 0; x < crop.width * 3; ++x)
      cut.pixels.push_back(picture.pixels[static_cast<std::size_t>(((y + crop.y) * 31 + crop.x) * 3 + x)]);
  for (const auto& backend : all_backends())
    BOOST_TEST_CONTEXT(backend->name())
      check_near(see(*backend, picture, crop, 8, 9, 3), see(*backend, cut, cut.whole(), 8, 9, 3));
}

BOOST_AUTO_TEST_CASE(a_flip_mirrors_the_columns) {
  const Picture picture = random_picture(31, 23, 3, 2);
  Crop crop{3, 2, 24, 20, false};
  for (const auto& backend : all_backends())
    BOOST_TEST_CONTEXT(backend->name()) {
      crop.flip = false;
      const std::vector<double> straight = see(*backend, picture, crop, 10, 11, 3);
      crop.flip = true;
      const std::vector<double> flipped = see(*backend, picture, crop, 10, 11, 3);
      std::vector<double> mirrored;
      for (std::size_t y = 0; y < 10; ++y)
        for (std::size_t x = 0; x < 11; ++x)
          for (std::size_t c = 0; c < 3; ++c) mirrored.push_back(straight[(y * 11 + 10 - x) * 3 + c]);
      check_near(flipped, mirrored);
      BOOST_CHECK(straight != flipped);
    }
}

BOOST_AUTO_TEST_CASE(resizing_to_the_same_size_changes_nothing) {
  const Picture picture = random_picture(13, 17, 3, 3);
  for (const auto& backend : all_backends())
    BOOST_TEST_CONTEXT(backend->name())
      check_near(see(*backend, picture, picture.whole(), 17, 13, 3),
                 std::vector<double>(picture.pixels.begin(), picture.pixels.end()));
}

BOOST_AUTO_TEST_CASE(gray_is_weighted_and_repeated) {
  const Picture color = random_picture(9, 6, 3, 4), gray = random_picture(9, 6, 1, 5);
  std::vector<double> weighted, repeated;
  for (std::size_t i = 0; i < 9 * 6; ++i) {
    weighted.push_back(0.299 * color.pixels[3 * i] + 0.587 * color.pixels[3 * i + 1] + 0.114 * color.pixels[3 * i + 2]);
    repeated.insert(repeated.end(), 3, gray.pixels[i]);
  }
  for (const auto& backend : all_backends())
    BOOST_TEST_CONTEXT(backend->name()) {
      check_near(see(*backend, color, color.whole(), 6, 9, 1), weighted);
      check_near(see(*backend, gray, gray.whole(), 6, 9, 3), repeated);
      check_near(see(*backend, gray, gray.whole(), 6, 9, 1),
                 std::vector<double>(gray.pixels.begin(), gray.pixels.end()));
    }
}
