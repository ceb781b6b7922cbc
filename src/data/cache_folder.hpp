// Where caches lie, what they are called, and what became old.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/cache_file.hpp"
#include "data/dataset.hpp"

namespace danas {

/// data.cache_path, else $XDG_CACHE_HOME/danas, else ~/.cache/danas. Throws Error where none of them is set.
std::filesystem::path cache_folder(const DataSettings& settings);

/// Bytes that the disk of that folder has left; 0 where the folder cannot be.
std::uint64_t free_cache_bytes(const DataSettings& settings);

/// "3f…-train-125-raw.cache" of the image list `name`.
std::string cache_file_name(const std::string& name, const CacheKey& key);

/// Of the memo of a data set's hashes; `root` is its absolute path.
std::string hash_memo_name(const std::string& root);

struct CachedFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  double days = 0;      ///< since its last use
  std::string source;   ///< of its images; empty: unfinished, damaged or of an older version
  bool in_use = false;  ///< being written now
  bool removed = false;
};
/// Removes those not used for `most_days`, those of other versions, and what was left unfinished for an hour (or for
/// `most_days`, where that is less); lists all of them by name.
std::vector<CachedFile> prune_caches(const std::filesystem::path& folder, double most_days);

}  // namespace danas
