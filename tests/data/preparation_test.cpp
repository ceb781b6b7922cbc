// What a network sees: the crops and levels, and a guard over their pixels.
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
