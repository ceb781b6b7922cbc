#include "tensor/cpu/cpu_backend.hpp"

#include <utility>

#include "base/cpus.hpp"
#include "base/error.hpp"

namespace danas::cpu {

Scratch::Scratch(Scratch&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Scratch::~Scratch() { release_aligned(memory_); }

float* Scratch::take(Index floats) {
  if (floats > size_) {
    const Index size = floats + floats / 4;
    void* memory = allocate_aligned(static_cast<std::size_t>(size) * sizeof(float));
    release_aligned(memory_);
    memory_ = static_cast<float*>(memory);
    size_ = size;
  }
  return memory_;
}

CpuBackend::CpuBackend(int threads, const Kernels& kernels)
    : kernels_(kernels), pool_(threads), workers_(static_cast<std::size_t>(pool_.threads())),
      block_workers_(workers_.size()) {}

std::string CpuBackend::name() const {
  const int count = threads();
  return "cpu " + instruction_set() + ", " + std::to_string(count) + (count == 1 ? " thread" : " threads");
}

}  // namespace danas::cpu

namespace danas {

std::unique_ptr<Backend> make_cpu_backend(int threads, const std::string& instruction_set) {
  if (threads < 0) throw expected("threads", "0 (the CPUs this process may use) or more", std::to_string(threads));
  if (threads == 0) threads = usable_cpus();
  return std::make_unique<cpu::CpuBackend>(threads, cpu::choose_kernels(instruction_set.c_str()));
}

}  // namespace danas
