#include "nas/run_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.hpp"

namespace danas {

RunLock::RunLock(const std::filesystem::path& file)
    : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw Error(file.string(), std::string("cannot open: ") + std::strerror(errno), Fault::failure);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const bool held = errno == EWOULDBLOCK;
  ::close(descriptor_);
  if (held) throw Error(file.parent_path().parent_path().string(), "another danas is at work in this run directory");
  descriptor_ = -1;  // a file system without locks
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace danas
