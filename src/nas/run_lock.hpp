// One process at a time in a run directory.
#pragma once

#include <filesystem>

namespace danas {

/// Held by the one process that works in a run directory; given back when the process ends, however it ends.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& file);  ///< throws Error when another process holds it
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace danas
