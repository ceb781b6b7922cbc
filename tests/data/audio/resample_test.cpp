// The resampler against tones and sweeps as they are, its own claims, and figures of soxr.
#include "data/audio/resample.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/audio/spectrogram.hpp"
#include "sounds.hpp"

namespace danas::test {

namespace {

constexpr int rates[] = {48000, 24000, 12000, 6000, 3000, 1500, 750, 375};
constexpr double passband = 0.9136, rejection = 125;  // dB

// `value(seconds)` at a rate.
template <class Value>
std::vector<float> sampled(double duration, int rate, Value&& value) {
  std::vector<float> sound(static_cast<std::size_t>(duration * rate));
  for (std::size_t i = 0; i < sound.size(); ++i) sound[i] = static_cast<float>(value(static_cast<double>(i) / rate));
  return sound;
}

double largest(const std::vector<float>& sound) {
  double most = 0;
  for (const float sample : sound) most = std::max(most, std::abs(double{sample}));
  return most;
}

double largest_difference(const std::vector<float>& sound, const std::vector<float>& wanted) {
  double most = 0;
  for (std::size_t i = 0; i < std::min(sound.size(), wanted.size()); ++i)
    most = std::max(most, std::abs(double{sound[i]} - wanted[i]));
  return most;
}

double decibels(double amplitude) { return 20 * std::log10(amplitude); }

}  // namespace

BOOST_AUTO_TEST_SUITE(resampling)

BOOST_AUTO_TEST_CASE(lengths) {
  for (const int from : {8000, 11025, 44100, 48000})
    for (const int to : {375, 8000, 16000, 44100, 48000, 47999})
      for (const std::size_t samples : {0u, 1u, 2u, 127u, 128u, 129u, 5000u}) {
        const Resampler resampler(from, to);
        const double exact = static_cast<double>(samples) * to / from;
        BOOST_CHECK_EQUAL(resampler.length(samples), static_cast<std::size_t>(std::ceil(exact - 1e-9)));
        BOOST_CHECK_EQUAL(resampler(std::vector<float>(samples)).size(), resampler.length(samples));
      }
  const std::vector<float> sound = {1, -2, 3};
  BOOST_CHECK(Resampler(375, 375)(sound) == sound);
  check_error([&] { Resampler(1, 1'000'000)(std::vector<float>(101)); }, {"resampling", "100000000", "101000000"});
}

// The sweep passes from half the lower rate to half the higher one, all of which has to go.
BOOST_AUTO_TEST_CASE(what_the_lower_rate_cannot_hold_is_rejected) {
  constexpr double duration = 4;
  for (const int to : {24000, 12000, 6000, 3000, 1500, 750, 375, 44100, 16000, 11025, 11027, 7919}) {
    const double from = to / 2.0 + 20 / duration;
    const auto sound =
        sampled(duration, 48000, [&](double t) { return envelope(t, duration) * sweep(t, duration, from, 23990); });
    const double alias = decibels(largest(Resampler(48000, to)(sound)));
    BOOST_TEST_MESSAGE("48000 → " << to << ": aliases " << alias << " dB");
    BOOST_CHECK_LT(alias, -rejection);
  }
}

// Sweeps that both rates hold, in both directions: nothing is missing, late, or beside them.
BOOST_AUTO_TEST_CASE(the_passband_passes) {
  const int pairs[][2] = {{48000, 24000}, {48000, 375},   {48000, 750},   {44100, 16000}, {44100, 48000}, {8000, 48000},
                          {375, 48000},   {11025, 12000}, {48000, 47999}, {47999, 375},   {7919, 7907}};
  for (const auto& [from, to] : pairs) {
    const int lower = std::min(from, to);
    const double duration = std::max(2.0, 10000.0 / lower), highest = passband * lower / 2 - 40 / duration;
    const auto value = [&](double t) { return envelope(t, duration) * sweep(t, duration, 0, highest); };
    const auto wanted = sampled(duration, to, value);
    const auto got = Resampler(from, to)(sampled(duration, from, value));
    const double error = largest_difference(got, wanted);
    BOOST_TEST_MESSAGE(from << " → " << to << ": error " << decibels(error) << " dB");
    BOOST_CHECK_LT(decibels(error), -rejection);  // of images too, and a passband within 0.00001 dB
  }
}

BOOST_AUTO_TEST_CASE(a_tone_is_found_in_its_bin, *boost::unit_test::label("slow")) {
  constexpr double duration = 12;  // a frame at 375 Hz and the filter have 6
  const Spectrogram spectrogram;
  for (const double hertz : {20.0, 110.0, 187.0, 333.3, 745.0, 2345.6, 5000.0, 11000.0, 20000.0}) {
    const auto tone = sampled(
        duration, 48000, [&](double t) { return envelope(t, duration) * std::sin(2 * std::numbers::pi * hertz * t); });
    for (const int rate : rates) {
      const FeatureMap power = spectrogram.power(Resampler(48000, rate)(tone));
      std::size_t loudest = 0;
      const auto in_middle = [&](std::size_t bin) { return power.row(bin)[power.frames / 2]; };
      for (std::size_t bin = 0; bin < power.rows; ++bin)
        if (in_middle(bin) > in_middle(loudest)) loudest = bin;
      if (2 * hertz < rate) BOOST_CHECK_LE(std::abs(static_cast<double>(loudest) - hertz * 2048 / rate), 0.5);
      else
        BOOST_CHECK_LT(10 * std::log10(in_middle(loudest)) - 60, -rejection);  // Σ of the window: 1,024, nearly 60 dB
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
