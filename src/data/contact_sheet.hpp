// A picture of what networks see.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/configuration.hpp"
#include "data/dataset.hpp"

namespace danas {

/// Writes a PNG with a row for each data configuration, in their order: five training images by their evaluation crops on
/// the left, the same ones by training crops on the right, of bilinear levels where asked for, every pixel enlarged to a
/// square. Of sounds, which are seen whole, ten; of their features every one fills a square, low frequencies below. Throws
/// Error.
void write_contact_sheet(const Dataset& dataset, const std::vector<DataConfiguration>& configurations,
                         double crop_min_area, bool bilinear, std::uint64_t seed, const std::filesystem::path& png);

}  // namespace danas
