// A picture of what networks see.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/dataset.hpp"

namespace danas {

/// Writes a PNG with a row for each data configuration (resolutions in the given order, for each the channels in the
/// given order): five training images by their evaluation crops on the left, the same ones by training crops on the
/// right, every pixel enlarged to a square. Throws Error.
void write_contact_sheet(const Dataset& dataset, const std::vector<int>& resolutions, const std::vector<int>& channels,
                         double crop_min_area, std::uint64_t seed, const std::filesystem::path& png);

}  // namespace danas
