// Bands of the mel scale (Slaney's Auditory Toolbox), as librosa's filters.mel.
#pragma once

#include <cstddef>
#include <vector>

#include "data/audio/spectrogram.hpp"

namespace danas {

/// 80 triangles from 0 to half the rate, evenly spaced in mel: linear below 1,000 Hz, logarithmic above. Each has area 1
/// over the frequencies in Hz (Slaney's norm). Immutable, thread-safe.
class MelBands {
 public:
  static constexpr std::size_t bands = 80;

  explicit MelBands(int rate);  ///< Hz, positive

  /// Sums of the powers of a Spectrogram, weighted: `bands` rows.
  FeatureMap operator()(const FeatureMap& power) const;

 private:
  struct Triangle {
    std::size_t first;  // bin
    std::vector<float> weights;
  };
  std::vector<Triangle> triangles_;
};

}  // namespace danas
