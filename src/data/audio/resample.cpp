#include "data/audio/resample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "base/error.hpp"
#include "data/audio/wav.hpp"

namespace danas {

namespace {

// Kaiser's formulas: Oppenheim, Schafer, "Discrete-Time Signal Processing", section 7.6.
constexpr double attenuation = 138;  // dB, between those of the one to seven filters in a row that soxr takes
constexpr double passband = 0.9136;  // share of half the lower rate; the stopband begins at 1
constexpr double beta = 0.1102 * (attenuation - 8.7);
constexpr double filter_length =
    (attenuation - 7.95) / (2.285 * std::numbers::pi * (1 - passband));  // in samples of the lower rate
constexpr double cutoff = (1 + passband) / 2;
constexpr double most_rows = 2048;  // for each sample of the lower rate: interpolation's error is below -130 dB

// The modified Bessel function of order 0, by its series. std::cyl_bessel_i writes a global of the C library.
double bessel(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > 1e-17 * sum; ++k) sum += term *= (x / (2 * k)) * (x / (2 * k));
  return sum;
}

// The filter at a time from its center, both in samples of the input, of which the lower rate has `share`.
double tap(double time, double share) {
  static const double middle = bessel(beta);
  const double place = 2 * time * share / filter_length;
  if (std::abs(place) >= 1) return 0;
  const double angle = std::numbers::pi * cutoff * share * time;
  const double sinc = angle == 0 ? 1 : std::sin(angle) / angle;
  const double window = bessel(beta * std::sqrt(1 - place * place)) / middle;
  return cutoff * share * sinc * window;
}

}  // namespace

Resampler::Resampler(int from, int to) : up_(to / std::gcd(from, to)), down_(from / std::gcd(from, to)) {
  const double share = std::min(1.0, static_cast<double>(up_) / static_cast<double>(down_));
  reach_ = static_cast<std::int64_t>(std::ceil(filter_length / (2 * share)));
  rows_ = std::min(up_, static_cast<std::int64_t>(std::ceil(most_rows * share)));
  for (std::int64_t row = 0; row < rows_ + (rows_ < up_ ? 1 : 0); ++row)
    for (std::int64_t i = 0; i < 2 * reach_; ++i)
      taps_.push_back(
          tap(static_cast<double>(row) / static_cast<double>(rows_) - static_cast<double>(i - reach_ + 1), share));
}

std::size_t Resampler::length(std::size_t samples) const {
  const auto up = static_cast<std::size_t>(up_), down = static_cast<std::size_t>(down_);
  return (samples * up + down - 1) / down;
}

// Taps beyond the sound meet silence. Lanes of partial sums, in a fixed order, are what a compiler makes vectors of.
double Resampler::filtered(std::span<const float> sound, std::int64_t center, std::int64_t row) const {
  const std::int64_t first = center - reach_ + 1;
  const std::int64_t begin = std::max<std::int64_t>(first, 0);
  const std::int64_t end = std::min(first + 2 * reach_, static_cast<std::int64_t>(sound.size()));
  const float* const samples = sound.data() + begin;
  const double* const taps = taps_.data() + row * 2 * reach_ + (begin - first);
  constexpr std::int64_t lanes = 8;
  std::array<double, lanes> sums{};
  std::int64_t i = 0;
  for (; i + lanes <= end - begin; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      sums[static_cast<std::size_t>(lane)] += taps[i + lane] * double{samples[i + lane]};
  for (; i < end - begin; ++i) sums[0] += taps[i] * double{samples[i]};
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

std::vector<float> Resampler::operator()(std::span<const float> sound) const {
  const std::size_t count = length(sound.size());
  if (count > most_samples)
    throw expected("resampling", "at most " + std::to_string(most_samples) + " samples", std::to_string(count));
  if (up_ == down_) return {sound.begin(), sound.end()};
  std::vector<float> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t position = static_cast<std::int64_t>(i) * down_, center = position / up_;
    const double place = static_cast<double>(position % up_ * rows_) / static_cast<double>(up_);
    const auto row = static_cast<std::int64_t>(place);
    const double rest = place - static_cast<double>(row);
    double value = filtered(sound, center, row);
    if (rows_ < up_) value += rest * (filtered(sound, center, row + 1) - value);
    result[i] = static_cast<float>(value);
  }
  return result;
}

}  // namespace danas
