// What networks see of sounds: where a tone is, how large, and which part of a recording.
#include "data/audio/sound_preparation.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "sounds.hpp"

namespace danas::test {

namespace {

Sound sound_of(const std::vector<double>& samples, int rate) { return decode(pcm16(samples, rate)); }

std::vector<std::uint8_t> column(const Dataset::Pixels& pixels, int frame) {
  std::vector<std::uint8_t> values;
  for (int row = 0; row < pixels.height; ++row)
    values.push_back(pixels.data[static_cast<std::size_t>(row * pixels.width + frame)]);
  return values;
}

int loudest_row(const Dataset::Pixels& pixels) {
  const std::vector<std::uint8_t> values = column(pixels, pixels.width / 2);
  return static_cast<int>(std::max_element(values.begin(), values.end()) - values.begin());
}

double mel_of(double hertz) {
  return hertz < 1000 ? 3 * hertz / 200 : 15 + 27 * std::log(hertz / 1000) / std::log(6.4);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sound_preparations)

BOOST_AUTO_TEST_CASE(a_tone_is_where_it_belongs_at_every_rate) {
  constexpr double hertz = 93.75, seconds = 10;  // the middle of a bin at each of the rates
  const Sound sound = sound_of(tone(hertz, 0.5, seconds, 48000), 48000);
  for (const int rate : {375, 750, 1500, 3000, 6000, 12000, 24000, 48000}) {
    for (const AudioFeature feature : {AudioFeature::spectrogram, AudioFeature::mel, AudioFeature::mfcc}) {
      const SoundView view{rate, feature};
      const Dataset::Pixels pixels = SoundPreparation(view)(sound);
      const Extent input = DataConfiguration(view).input();
      BOOST_CHECK_EQUAL(pixels.height, input.height);
      BOOST_CHECK_EQUAL(pixels.width, input.width);
      BOOST_CHECK_EQUAL(pixels.channels, 1);
      BOOST_CHECK_EQUAL(pixels.data.size(), static_cast<std::size_t>(input.elements()));
      if (feature == AudioFeature::spectrogram)
        BOOST_CHECK_EQUAL(loudest_row(pixels), std::lround(hertz * 2048 / rate));
      if (feature == AudioFeature::mel)
        BOOST_CHECK_LE(std::abs(loudest_row(pixels) + 1 - 81 * mel_of(hertz) / mel_of(rate / 2.0)), 1);
    }
  }
}

// In the middle of a bin: |X| is the amplitude times half the window's sum, 1024 / 2.
BOOST_AUTO_TEST_CASE(decibels_become_pixels) {
  constexpr int rate = 8000, bin = 300;
  for (const double amplitude : {0.5, 0.01}) {
    const Sound sound = sound_of(tone(bin * rate / 2048.0, amplitude, 1, rate), rate);
    const Dataset::Pixels pixels = SoundPreparation({rate, AudioFeature::spectrogram, 1000})(sound);
    const double decibels = 20 * std::log10(amplitude * 512);
    BOOST_CHECK_EQUAL(loudest_row(pixels), bin);
    BOOST_CHECK_EQUAL(column(pixels, pixels.width / 2)[bin], std::lround((decibels + 100) * 255 / 160));
  }
  const Sound silence = sound_of(std::vector<double>(8000), rate);
  const Dataset::Pixels still = SoundPreparation({rate, AudioFeature::mel, 1000})(silence);
  BOOST_CHECK(std::all_of(still.data.begin(), still.data.end(), [](int pixel) { return pixel == 0; }));
}

BOOST_AUTO_TEST_CASE(coefficients_become_pixels) {
  constexpr int rate = 8000;
  Random random(1, "sound");
  std::vector<double> samples(rate);
  for (double& sample : samples) sample = 0.2 * random.uniform(-1, 1);
  const Sound sound = sound_of(samples, rate);
  const Dataset::Pixels pixels = SoundPreparation({rate, AudioFeature::mfcc, 1000})(sound);
  const FeatureMap map = FeatureExtractor(AudioFeature::mfcc, rate)(sound.samples);
  BOOST_REQUIRE_EQUAL(map.values.size(), pixels.data.size());
  for (std::size_t row = 0; row < 39; ++row) {
    const double k = std::max<double>(static_cast<double>(row % 13), 1);
    const double high = row == 0 ? 60 * std::sqrt(80.0) : (row < 13 ? 256 : row < 26 ? 32 : 8) / std::sqrt(k);
    const double low = row == 0 ? -100 * std::sqrt(80.0) : -high;
    for (std::size_t t = 0; t < map.frames; ++t) {
      const double wanted = 255 * (map.row(row)[t] - low) / (high - low);
      BOOST_CHECK_SMALL(pixels.data[row * map.frames + t] - std::clamp(wanted, 0.0, 255.0), 0.501);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_middle_of_long_sounds_and_silence_around_short_ones) {
  constexpr int rate = 6000;
  const SoundPreparation prepare({rate, AudioFeature::spectrogram, 1000});
  const std::vector<double> middle = tone(1000, 0.3, 1, rate);
  std::vector<double> longer = tone(2000, 0.5, 0.5, rate);
  longer.insert(longer.end(), middle.begin(), middle.end());
  const std::vector<double> end = tone(500, 0.9, 0.5, rate);
  longer.insert(longer.end(), end.begin(), end.end());
  BOOST_CHECK(prepare(sound_of(longer, rate)).data == prepare(sound_of(middle, rate)).data);

  const std::vector<double> shorter(middle.begin(), middle.begin() + rate / 2);
  std::vector<double> padded(rate);
  std::copy(shorter.begin(), shorter.end(), padded.begin() + rate / 4);
  BOOST_CHECK(prepare(sound_of(shorter, rate)).data == prepare(sound_of(padded, rate)).data);

  // One sample, at a rate of its own.
  const Dataset::Pixels least = prepare(sound_of({0.5}, 7));
  BOOST_CHECK_EQUAL(least.width, 12);
}

// What a file stores the same sound as makes no difference.
BOOST_AUTO_TEST_CASE(formats_channels_and_chunks) {
  constexpr int rate = 6000;
  const std::vector<double> samples = tone(700, 0.25, 0.5, rate);
  const SoundPreparation prepare({rate, AudioFeature::mel, 500});
  std::string three, real, both;
  for (const double sample : samples) {
    const auto word = static_cast<std::int64_t>(std::lround(sample * 0x1p15));
    const auto value = static_cast<float>(static_cast<double>(word) / 0x1p15);
    three += little(static_cast<std::uint64_t>(word * 256), 3);
    real += std::string(reinterpret_cast<const char*>(&value), sizeof value);
    for (int channel = 0; channel < 2; ++channel) both += little(static_cast<std::uint64_t>(word), 2);
  }
  const Dataset::Pixels wanted = prepare(sound_of(samples, rate));
  for (const std::string& file :
       {wav(wav_format(1, 1, 24, rate), three), wav(wav_format(3, 1, 32, rate), real),
        wav(wav_format(1, 2, 16, rate), both), wav(wav_extensible(1, 2, 16, rate), both),
        riff(chunk("LIST", "odd") + chunk("fmt ", wav_format(1, 2, 16, rate)) + chunk("data", both) + "junk")})
    BOOST_CHECK(prepare(decode(file)).data == wanted.data);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
