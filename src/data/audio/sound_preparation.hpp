// Sounds as networks see them: a feature of so much of each, as a monochrome image.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "data/audio/features.hpp"
#include "data/audio/resample.hpp"
#include "data/audio/wav.hpp"
#include "data/configuration.hpp"
#include "data/dataset.hpp"

namespace danas {

/// The middle of a longer sound, and silence before and after a shorter one; then another rate, then the feature. A pixel
/// is a value of the feature: rows are frequencies, bands or coefficients, the lowest first, columns are frames. Pixels 0
/// and 255 are -100 and 60 dB for spectrogram and bands, which holds all that samples within [-1, 1] give. Of the MFCCs
/// coefficient 0, the bands' mean times √80, has these ends times √80; coefficient k has ±256/√k, its first derivative
/// ±32/√k, its second ±8/√k (those of coefficient 0 as if k were 1), about twice what sounds of many kinds have. Between
/// its ends the map is linear, to the nearest; beyond them pixels stay there. It depends on no data, so that a device needs
/// this alone; another map is another preparation_name(). Thread-safe.
class SoundPreparation {
 public:
  explicit SoundPreparation(const SoundView& view) : view_(view), features_(view.feature, view.rate) {}

  const SoundView& view() const { return view_; }

  /// Of the size of DataConfiguration::input(). Throws Error for a sound that cannot be resampled.
  Dataset::Pixels operator()(const Sound& sound) const;

 private:
  std::shared_ptr<const Resampler> resampler(int from) const;

  SoundView view_;
  FeatureExtractor features_;
  mutable std::mutex mutex_;
  mutable std::map<int, std::shared_ptr<const Resampler>> resamplers_;  // by the rate of the sounds, some of them
};

}  // namespace danas
