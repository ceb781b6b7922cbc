// An open file of the operating system, closed at the end of its life.
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace danas {

class Descriptor {
 public:
  /// get() is negative where the file cannot be opened; errno says why.
  Descriptor(const char* path, int flags) : value_(::open(path, flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

}  // namespace danas
