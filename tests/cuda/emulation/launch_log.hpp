// What emulated kernels were launched and, by the pages of memory that they touch, how many bytes each reads and writes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "machine.hpp"

namespace danas::emulation {

struct LoggedLaunch {
  std::string kernel;
  double blocks = 0;
  double read = 0,
         written = 0;  ///< bytes of whole pages, where pages are watched; what is written first counts as that
};

/// While it lives, launches are logged as they run. One at a time. Where pages are watched (x86-64 alone), device memory
/// that is allocated meanwhile lies in pages of its own and must be freed before this.
class LaunchLog {
 public:
  enum class Pages { unwatched, watched };
  explicit LaunchLog(Pages pages);
  ~LaunchLog();
  LaunchLog(const LaunchLog&) = delete;
  LaunchLog& operator=(const LaunchLog&) = delete;

  const std::vector<LoggedLaunch>& launches() const;
  void forget();
};
bool can_watch_pages();

// For the runtime and the machine.
void* watched_memory(std::size_t bytes);  ///< null: nothing is watched
bool free_watched(void* memory);          ///< false: it is none of those
void launch_begins(const std::string& kernel, dim3 grid);
void launch_ends();

}  // namespace danas::emulation
