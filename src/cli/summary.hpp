// What a search found and where it is, for people: from the run directory.
#pragma once

#include <filesystem>
#include <string>

#include "nas/device.hpp"

namespace danas {

std::string search_summary(const std::filesystem::path& directory, const Device& device);

}  // namespace danas
