#include "data/audio/spectrogram.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace danas {

// kissfft takes half as many complex numbers as there are real ones.
Spectrogram::Spectrogram() : window_(frame), transform_(frame / 2, false) {
  for (std::size_t i = 0; i < frame; ++i)
    window_[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / double{frame});
}

FeatureMap Spectrogram::power(std::span<const float> sound) const {
  FeatureMap map(bins, frames(sound.size()));
  std::vector<double> windowed(frame);
  std::vector<std::complex<double>> spectrum(frame / 2);
  for (std::size_t t = 0; t < map.frames; ++t) {
    // Sample i of the frame is sample t · hop + i - frame / 2 of the sound.
    const std::size_t center = t * hop;
    const std::size_t begin = frame / 2 - std::min(center, frame / 2);
    const std::size_t end = std::min(frame, sound.size() + frame / 2 - center);
    std::fill(windowed.begin(), windowed.end(), 0.0);
    for (std::size_t i = begin; i < end; ++i) windowed[i] = window_[i] * double{sound[center + i - frame / 2]};
    transform_.transform_real(windowed.data(), spectrum.data());

    const auto set = [&](std::size_t bin, double power) {
      map.values[bin * map.frames + t] = static_cast<float>(power);
    };
    set(0, spectrum[0].real() * spectrum[0].real());  // its imaginary part is the last bin, which is real too
    set(bins - 1, spectrum[0].imag() * spectrum[0].imag());
    for (std::size_t bin = 1; bin + 1 < bins; ++bin) set(bin, std::norm(spectrum[bin]));
  }
  return map;
}

void to_decibels(FeatureMap& power) {
  constexpr float least_power = 1e-10F, range = 80;
  if (power.values.empty()) return;
  for (float& value : power.values) value = 10 * std::log10(std::max(value, least_power));
  const float floor = *std::max_element(power.values.begin(), power.values.end()) - range;
  for (float& value : power.values) value = std::max(value, floor);
}

}  // namespace danas
