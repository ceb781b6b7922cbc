#include "data/audio/sound_preparation.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "data/audio/mfcc.hpp"

namespace danas {

namespace {

// What becomes 0 and 255.
struct Ends {
  double low, high;
};

Ends ends_of(AudioFeature feature, std::size_t row) {
  constexpr Ends decibels{-100, 60};
  if (feature != AudioFeature::mfcc) return decibels;
  const double sum = std::sqrt(double{MelBands::bands});
  if (row == 0) return {decibels.low * sum, decibels.high * sum};
  constexpr double largest[] = {256, 32, 8};  // of coefficients, their first and their second derivatives
  const double end = largest[row / mfcc_count] / std::sqrt(std::max<double>(row % mfcc_count, 1));
  return {-end, end};
}

std::span<const float> middle(std::span<const float> sound, std::size_t count) {
  return count < sound.size() ? sound.subspan((sound.size() - count) / 2, count) : sound;
}

std::vector<float> between_silence(std::span<const float> sound, std::size_t count) {
  std::vector<float> samples(count);
  std::copy(sound.begin(), sound.end(), samples.begin() + static_cast<std::ptrdiff_t>((count - sound.size()) / 2));
  return samples;
}

}  // namespace

// Recordings are mostly of one rate; of many rates the tables would fill the memory.
std::shared_ptr<const Resampler> SoundPreparation::resampler(int from) const {
  constexpr std::size_t most = 8;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = resamplers_.find(from); known != resamplers_.end()) return known->second;
  }
  auto made = std::make_shared<const Resampler>(from, view_.rate);
  const std::lock_guard lock(mutex_);
  if (resamplers_.size() >= most) resamplers_.erase(resamplers_.begin());
  return resamplers_.try_emplace(from, std::move(made)).first->second;
}

Dataset::Pixels SoundPreparation::operator()(const Sound& sound) const {
  const SoundView as_recorded{sound.rate, view_.feature, view_.milliseconds};
  const std::span<const float> kept = middle(sound.samples, std::max<std::size_t>(as_recorded.samples(), 1));
  const std::vector<float> resampled = (*resampler(sound.rate))(kept);
  const FeatureMap map = features_(between_silence(middle(resampled, view_.samples()), view_.samples()));

  Dataset::Pixels pixels{std::vector<std::uint8_t>(map.values.size()), static_cast<int>(map.frames),
                         static_cast<int>(map.rows), 1};
  std::uint8_t* to = pixels.data.data();
  for (std::size_t row = 0; row < map.rows; ++row) {
    const auto [low, high] = ends_of(view_.feature, row);
    for (const float value : map.row(row))
      *to++ = static_cast<std::uint8_t>(std::lround(std::clamp((value - low) * 255 / (high - low), 0.0, 255.0)));
  }
  return pixels;
}

}  // namespace danas
