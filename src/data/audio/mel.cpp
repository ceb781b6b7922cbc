#include "data/audio/mel.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace danas {

namespace {

constexpr double linear_end = 1000;        // Hz
constexpr double hertz_a_mel = 200.0 / 3;  // below it
constexpr double linear_mels = linear_end / hertz_a_mel;
const double log_step = std::log(6.4) / 27;  // of the frequency, for each mel above it

double mel_of(double hertz) {
  return hertz < linear_end ? hertz / hertz_a_mel : linear_mels + std::log(hertz / linear_end) / log_step;
}

double hertz_of(double mel) {
  return mel < linear_mels ? mel * hertz_a_mel : linear_end * std::exp(log_step * (mel - linear_mels));
}

}  // namespace

MelBands::MelBands(int rate) {
  const double highest = rate / 2.0, bin_width = rate / double{Spectrogram::frame};
  std::array<double, bands + 2> corners{};
  for (std::size_t i = 0; i < corners.size(); ++i)
    corners[i] = hertz_of(mel_of(highest) * static_cast<double>(i) / (bands + 1));
  for (std::size_t band = 0; band < bands; ++band) {
    const double low = corners[band], middle = corners[band + 1], high = corners[band + 2];
    Triangle triangle{Spectrogram::bins, {}};
    for (std::size_t bin = 0; bin < Spectrogram::bins; ++bin) {
      const double hertz = static_cast<double>(bin) * bin_width;
      const double height = std::min((hertz - low) / (middle - low), (high - hertz) / (high - middle));
      if (height <= 0) continue;
      triangle.first = std::min(triangle.first, bin);
      triangle.weights.push_back(static_cast<float>(height * 2 / (high - low)));
    }
    triangles_.push_back(std::move(triangle));
  }
}

FeatureMap MelBands::operator()(const FeatureMap& power) const {
  FeatureMap mel(bands, power.frames);
  for (std::size_t band = 0; band < bands; ++band) {
    const Triangle& triangle = triangles_[band];
    const std::span<float> sums = mel.row(band);
    for (std::size_t i = 0; i < triangle.weights.size(); ++i) {
      const std::span<const float> powers = power.row(triangle.first + i);
      for (std::size_t t = 0; t < sums.size(); ++t) sums[t] += triangle.weights[i] * powers[t];
    }
  }
  return mel;
}

}  // namespace danas
