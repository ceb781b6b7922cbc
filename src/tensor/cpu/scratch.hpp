// Memory that only grows, so that a steady state allocates nothing. Its content is lost when it grows.
#pragma once

#include <cstdint>

namespace danas::cpu {

class Scratch {
 public:
  Scratch() = default;
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch();
  float* take(std::int64_t floats);

 private:
  float* memory_ = nullptr;
  std::int64_t size_ = 0;
};

/// Cuts a piece of memory into parts, each of whole cache lines. Without memory it measures.
class Parts {
 public:
  explicit Parts(float* memory = nullptr) : memory_(memory) {}
  float* take(std::int64_t floats) {
    float* part = memory_ ? memory_ + used_ : nullptr;
    used_ += (floats + 15) / 16 * 16;
    return part;
  }
  std::int64_t used() const { return used_; }

 private:
  float* memory_;
  std::int64_t used_ = 0;
};

}  // namespace danas::cpu
