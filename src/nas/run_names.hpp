// What runs may be called, where they go without `--out`, and which of a name is the newest.
#pragma once

#include <filesystem>
#include <string>

namespace danas {

/// Below the working directory.
inline const std::filesystem::path runs_folder = "runs";
/// Up to 200 letters, digits, - _ and ., the first no full stop.
bool is_run_name(const std::string& name);
/// Creates runs/NAME, or NAME-2, … after the newest of that name; safe against another process that does the same.
std::filesystem::path create_run_directory(const std::string& name);
/// The one with the highest number; throws Error when there is none.
std::filesystem::path newest_run_directory(const std::string& name);

}  // namespace danas
