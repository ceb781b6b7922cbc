// What a network sees of a sound: its spectrogram, its mel bands or its MFCCs.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "data/audio/mel.hpp"
#include "data/audio/spectrogram.hpp"
#include "data/configuration.hpp"

namespace danas {

/// 1,025 bins, 80 bands, or 39 coefficients and derivatives.
std::size_t feature_rows(AudioFeature feature);

/// Of sounds that have this rate (Hz, positive; any is feasible). Spectrogram and bands are in decibels, the MFCCs are
/// those of the bands. Its tables are made once. Immutable, thread-safe.
class FeatureExtractor {
 public:
  FeatureExtractor(AudioFeature feature, int rate);

  /// feature_rows() rows of Spectrogram::frames() frames.
  FeatureMap operator()(std::span<const float> sound) const;

 private:
  AudioFeature feature_;
  Spectrogram spectrogram_;
  std::optional<MelBands> bands_;  // where they are needed
};

}  // namespace danas
