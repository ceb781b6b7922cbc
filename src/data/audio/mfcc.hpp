// Mel-frequency cepstral coefficients and how they change, as librosa's mfcc and delta.
#pragma once

#include <cstddef>

#include "data/audio/spectrogram.hpp"

namespace danas {

constexpr std::size_t mfcc_count = 13;

/// The first 13 coefficients of the orthonormal DCT-II of every frame.
FeatureMap mfcc(const FeatureMap& decibels);

/// The derivative over time of every row, of order 1 or 2, by the filter of Savitzky and Golay: that of the polynomial
/// of this order that is nearest to nine frames. Beyond the first and the last frame these go on.
FeatureMap derivative(const FeatureMap& map, int order);

/// The coefficients, their first and their second derivatives, one below the other: 39 rows.
FeatureMap stacked_mfcc(const FeatureMap& decibels);

}  // namespace danas
