// Hashes of files' contents, remembered in one file of the cache folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace danas {

/// What a file of this name, length and time held.
struct RememberedHash {
  std::uint64_t name = 0;  ///< a hash of its path within the data set
  std::uint64_t bytes = 0;
  std::int64_t time = 0;  ///< of its last change, nanoseconds since 1970
  std::uint64_t hash = 0;
};

class HashMemo {
 public:
  /// Knows nothing where the file is missing, damaged or no memo, or `path` is empty.
  explicit HashMemo(std::filesystem::path path);

  const RememberedHash* find(std::uint64_t name) const;

  /// In place of what was known of the same names; where the file cannot be written, the next process knows nothing.
  void add(std::vector<RememberedHash> fresh);

 private:
  std::filesystem::path path_;
  std::vector<RememberedHash> hashes_;  // by name
};

}  // namespace danas
