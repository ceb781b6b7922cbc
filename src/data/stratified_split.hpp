// Splits by seed in which every class has the same share.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.hpp"

namespace danas {

/// Shuffles the samples, all of one class, by seed and label and deals out the shares (together at most 1), each
/// rounded to the nearest count; the rest is for training. They are appended to `splits`, three lists in the order of
/// Split.
void deal_class(std::vector<Sample> samples, std::uint64_t seed, double validation_share, double test_share,
                std::vector<Sample>* splits);

}  // namespace danas
