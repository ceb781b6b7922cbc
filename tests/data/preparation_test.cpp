// What a network sees: the crops and levels, and a guard over their pixels.
#include <algorithm>
#include <cstring>
#include <map>

#include "base/hash.hpp"
#include "data/codecs.hpp"
#include "data/preparation.hpp"
#include "data/resize.hpp"
#include "support.hpp"

namespace danas::test {

namespace {

// Noise, which every change of a weight or a rounding shows in.
Dataset::Pixels noise(int width, int height, int channels) {
  Dataset::Pixels pixels{{}, width, height, channels};
  std::uint32_t state = 12345;
  for (int i = 0; i < width * height * channels; ++i) {
    state = state * 1664525u + 1013904223u;
    pixels.data.push_back(static_cast<std::uint8_t>(state >> 24));
  }
  return pixels;
}

class OneImage : public Dataset {
 public:
  explicit OneImage(Pixels pixels) : pixels_(std::move(pixels)) {}
  Pixels decode(const Sample&, int) const override { return pixels_; }
  std::uint64_t fingerprint() const override { return 0; }

 private:
  Pixels pixels_;
};

// Everything that a network may be shown of some images.
std::uint64_t hash_of_inputs() {
  std::uint64_t hash = 0;
  const auto add = [&](const Dataset::Pixels& prepared, const Crop& crop, int resolution) {
    const Image image = image_of(prepared);
    for (const int channels : {1, 3}) {
      std::vector<float> input(static_cast<std::size_t>(resolution * resolution * channels));
      serial_backend().augment({&image, 1}, {&crop, 1}, {Type::f32, input.data(), 1, resolution, resolution, channels});
      hash = hash * 31 + hash_bytes(input.data(), 4 * input.size());
    }
  };
  for (const auto& [width, height, channels] : {std::array{97, 61, 3}, {40, 150, 3}, {33, 33, 1}, {300, 90, 3}})
    for (const int resolution : {32, 48}) {
      const OneImage dataset(noise(width, height, channels));
      Dataset::Pixels prepared;
      Preparation::evaluation(resolution).apply(dataset, {}, prepared);
      add(prepared, evaluation_crop(image_of(prepared)), resolution);
      Preparation::training(resolution, 0.6).apply(dataset, {}, prepared);
      for (int i = 0; i < 3; ++i) add(prepared, training_crop(image_of(prepared), 0.6, 1, 2, i), resolution);
    }
  return hash;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(preparations)

// Where this fails, inputs have changed: give preparation_name() another number, and note the new hash here.
BOOST_AUTO_TEST_CASE(inputs_change_only_with_their_name) {
  const std::map<std::string_view, std::uint64_t> known{{"area-u8-128-1", 10423865769933976431u}};
  BOOST_REQUIRE(known.contains(preparation_name(ImageView{})));
  BOOST_CHECK_EQUAL(hash_of_inputs(), known.at(preparation_name(ImageView{})));
}

BOOST_AUTO_TEST_CASE(training_levels_depend_on_the_data_configuration_alone) {
  BOOST_CHECK_EQUAL(Preparation::training(32, 0.6).side, 42);  // ⌈1.3·32⌉
  BOOST_CHECK_EQUAL(Preparation::training(100, 0.6).side, 130);
  BOOST_CHECK_EQUAL(Preparation::training(96, 0.6).side, 125);
  BOOST_CHECK_EQUAL(Preparation::training(96, 0.25).side, 192);  // half the side is the resolution
  BOOST_CHECK_THROW(Preparation::training(0, 0.6), Error);
  BOOST_CHECK_THROW(Preparation::evaluation(5000), Error);
}

// Against the formula in doubles: half-pixel centers, the nearest pixels alone, whatever the scale.
BOOST_AUTO_TEST_CASE(bilinear_samples) {
  const Dataset::Pixels row{{0, 10, 20, 30, 40, 50, 60, 70}, 8, 1, 1};
  Dataset::Pixels out;
  sample_bilinear(image_of(row), {0, 0, 8, 1, false}, 2, 1, out);
  BOOST_CHECK((out.data == std::vector<std::uint8_t>{15, 55}));  // of pixels 1 and 2, 5 and 6
  sample_bilinear(image_of(row), {2, 0, 2, 1, false}, 4, 1, out);
  BOOST_CHECK((out.data == std::vector<std::uint8_t>{20, 23, 28, 30}));  // 22.5 and 27.5
  const auto at = [](int place, int from, int to) {
    return std::clamp((place + 0.5) * from / to - 0.5, 0.0, double(from) - 1);
  };
  for (const auto& [width, height, channels, to_width, to_height] :
       {std::array{97, 61, 3, 50, 32}, {40, 150, 3, 40, 33}, {33, 34, 1, 7, 90}, {9, 5, 3, 1, 1}}) {
    const Dataset::Pixels pixels = noise(width, height, channels);
    const Crop crop{1, 2, width - 3, height - 2, false};
    sample_bilinear(image_of(pixels), crop, to_width, to_height, out);
    BOOST_REQUIRE_EQUAL(out.data.size(), static_cast<std::size_t>(to_width * to_height * channels));
    for (int i = 0; i < to_width * to_height * channels; ++i) {
      const double y = at(i / channels / to_width, crop.height, to_height),
                   x = at(i / channels % to_width, crop.width, to_width);
      double wanted = 0;
      for (const int dy : {0, 1})
        for (const int dx : {0, 1}) {
          const int row_below = std::min(int(y) + dy, crop.height - 1), column = std::min(int(x) + dx, crop.width - 1);
          const double weight = (dy ? y - int(y) : 1 - (y - int(y))) * (dx ? x - int(x) : 1 - (x - int(x)));
          wanted += weight * pixels.data[static_cast<std::size_t>(
                                 ((crop.y + row_below) * width + crop.x + column) * channels + i % channels)];
        }
      BOOST_REQUIRE_SMALL(wanted - out.data[static_cast<std::size_t>(i)], 0.5 + 1e-9);
    }
  }
}

// The set's image, cropped again, is the network's input from the file itself.
BOOST_AUTO_TEST_CASE(cached_evaluation_images_are_those_of_the_file) {
  for (const auto& [width, height, channels] :
       {std::array{97, 61, 3}, {40, 150, 3}, {33, 33, 1}, {32, 32, 3}, {7, 9, 3}})
    for (const int resolution : {32, 33, 48}) {
      const Dataset::Pixels pixels = noise(width, height, channels);
      Dataset::Pixels cached;
      Preparation::evaluation(resolution).apply(OneImage(pixels), {}, cached);
      for (const int wanted : {1, 3}) {
        std::vector<float> inputs[2];
        for (int i = 0; i < 2; ++i) {
          inputs[i].resize(static_cast<std::size_t>(resolution * resolution * wanted));
          prepare_input(serial_backend(), i == 0 ? pixels : cached,
                        {Type::f32, inputs[i].data(), 1, resolution, resolution, wanted});
        }
        BOOST_REQUIRE(std::memcmp(inputs[0].data(), inputs[1].data(), 4 * inputs[0].size()) == 0);
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
