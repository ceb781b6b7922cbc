#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include "base/error.hpp"
#include "data/cache_file.hpp"

namespace danas {

BuildLock::BuildLock(const std::filesystem::path& path) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0)
    throw Error(path.string(), std::string("cannot create the lock file: ") + std::strerror(errno), Fault::failure);
}

BuildLock::BuildLock(const std::filesystem::path& path, const std::function<void()>& waiting) : BuildLock(path) {
  while (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return;
    waiting();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  held_ = true;
}

BuildLock::~BuildLock() { ::close(file_); }

bool BuildLock::busy(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return false;
  const bool busy = ::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return busy;
}

}  // namespace danas
