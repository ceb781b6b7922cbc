// The short-time Fourier transform of a sound, as power and in decibels; as librosa's stft and power_to_db.
#pragma once

#include <cstddef>
#include <kissfft/kissfft.hh>
#include <span>
#include <vector>

namespace danas {

/// What features are: rows (frequencies, bands or coefficients, the lowest first) over time, row by row.
struct FeatureMap {
  FeatureMap(std::size_t rows, std::size_t frames) : rows(rows), frames(frames), values(rows * frames) {}
  std::span<float> row(std::size_t i) { return {values.data() + i * frames, frames}; }
  std::span<const float> row(std::size_t i) const { return {values.data() + i * frames, frames}; }

  std::size_t rows, frames;
  std::vector<float> values;
};

/// Frames of 2,048 samples every 512 under a periodic Hann window; frame t is centered on sample 512 · t, with zeros
/// before and after the sound. Immutable, thread-safe.
class Spectrogram {
 public:
  static constexpr std::size_t frame = 2048, hop = 512, bins = frame / 2 + 1;
  static constexpr std::size_t frames(std::size_t samples) { return 1 + samples / hop; }

  Spectrogram();

  /// |X|²: `bins` rows; row k is the frequency k · rate / 2,048.
  FeatureMap power(std::span<const float> sound) const;

 private:
  std::vector<double> window_;
  kissfft<double> transform_;
};

/// 10 log₁₀ of powers, of 1e-10 at least, and at most 80 below the largest of the map.
void to_decibels(FeatureMap& power);

}  // namespace danas
