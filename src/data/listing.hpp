// What the kinds of datasets share: sorted listings, limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "data/dataset.hpp"

namespace danas {

/// Names in a folder, sorted by bytes. Links are what they lead to; what cannot be examined is a file.
struct Listing {
  std::vector<std::string> folders, files;
  std::vector<std::string> housekeeping;  ///< of both kinds: is_housekeeping()
};
/// Throws Error naming the folder.
Listing list_folder(const std::filesystem::path& folder);

/// What an Error about a file says, without the name of the file.
std::string reason_of(const Error& error, const std::filesystem::path& file);

/// More unusable files than max(1 % of all, 10) end with an Error that names the first.
void check_problems(const std::vector<Problem>& problems, std::int64_t total);

std::unique_ptr<Dataset> open_wake_vision(const DataSettings& settings, const Progress& progress);
std::unique_ptr<Dataset> open_folders(const DataSettings& settings, std::uint64_t seed, const Progress& progress);
std::unique_ptr<Dataset> open_toyadmos(const DataSettings& settings, std::uint64_t seed, const Progress& progress);
std::unique_ptr<Dataset> open_synthetic(const DataSettings& settings, std::uint64_t seed);

}  // namespace danas
