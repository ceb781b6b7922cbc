// Sound and noise, by hand.
#include "data/audio/mixing.hpp"

#include <set>

#include "sounds.hpp"

namespace danas::test {

BOOST_AUTO_TEST_SUITE(audio_mixing)

BOOST_AUTO_TEST_CASE(gains_and_where_the_noise_begins) {
  const std::vector<float> noise = {1, 2, 3, 4};
  const auto mixed = [&](double begin, bool anomalous, const Mixing& mixing) {
    std::vector<float> sound = {10, 20, 30, 40, 50, 60};
    mix_noise(sound, noise, begin, anomalous, mixing);
    return sound;
  };
  for (const bool anomalous : {false, true}) {
    BOOST_CHECK((mixed(0, anomalous, {}) == std::vector<float>{11, 22, 33, 44, 51, 62}));
    BOOST_CHECK((mixed(0.5, anomalous, {0.5, 2}) == std::vector<float>{11, 18, 17, 24, 31, 38}));
    BOOST_CHECK((mixed(0.99, anomalous, {0, 1}) == std::vector<float>{4, 1, 2, 3, 4, 1}));
  }
  const Mixing published{1, 2, true};
  BOOST_CHECK((mixed(0.5, false, published) == std::vector<float>{16, 28, 32, 44, 56, 68}));
  BOOST_CHECK((mixed(0.5, true, published) == std::vector<float>{16, 26, 36, 46, 56, 66}));
  std::vector<float> sound = {1};
  check_error([&] { mix_noise(sound, {}, 0, false, {}); }, {"noise", "without samples"});
}

BOOST_AUTO_TEST_CASE(noise_is_drawn_by_seed_and_sound) {
  std::set<std::size_t> recordings;
  double sum = 0;
  int changed = 0;
  for (std::uint64_t sound = 0; sound < 1000; ++sound) {
    const NoisePlace place = draw_noise(1, sound, 7), again = draw_noise(1, sound, 7), other = draw_noise(2, sound, 7);
    BOOST_CHECK(place.recording == again.recording && place.begin == again.begin);
    BOOST_REQUIRE(place.recording < 7 && place.begin >= 0 && place.begin < 1);
    changed += place.begin != other.begin;
    recordings.insert(place.recording);
    sum += place.begin;
  }
  BOOST_CHECK_EQUAL(recordings.size(), 7u);
  BOOST_CHECK_EQUAL(changed, 1000);
  BOOST_CHECK_SMALL(sum / 1000 - 0.5, 0.05);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
