#include "data/audio/features.hpp"

#include "data/audio/mfcc.hpp"

namespace danas {

std::size_t feature_rows(AudioFeature feature) {
  switch (feature) {
    case AudioFeature::spectrogram: return Spectrogram::bins;
    case AudioFeature::mel: return MelBands::bands;
    case AudioFeature::mfcc: break;
  }
  return 3 * mfcc_count;
}

FeatureExtractor::FeatureExtractor(AudioFeature feature, int rate) : feature_(feature) {
  if (feature != AudioFeature::spectrogram) bands_.emplace(rate);
}

FeatureMap FeatureExtractor::operator()(std::span<const float> sound) const {
  FeatureMap map = spectrogram_.power(sound);
  if (bands_) map = (*bands_)(map);
  to_decibels(map);
  return feature_ == AudioFeature::mfcc ? stacked_mfcc(map) : map;
}

}  // namespace danas
