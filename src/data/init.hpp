// What `danas init` finds in a folder of images or recordings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.hpp"

namespace danas {

struct FolderSummary {
  DataSettings settings;    ///< kind, path, the names of the splits and the length of sounds as found
  int rate = 0;             ///< of sounds: that of most of them, in Hz
  bool has_splits = false;  ///< false: CLASS/*, split by seed
  std::vector<std::string> classes;
  std::vector<std::int64_t> counts[3];  ///< images or recordings by Split and class
  std::vector<std::string> notes;       ///< of the dataset
  std::vector<std::string> warnings;    ///< imbalance, few images, the same file in two splits, unusable files
};

/// Looks at a folder of class folders of images or recordings, with or without splits (named train, validation or val or
/// valid, test), or at ToyADMOS. Throws Error when it is none.
FolderSummary summarize_folder(const std::filesystem::path& path);

}  // namespace danas
