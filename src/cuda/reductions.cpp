// By nvcc for GPUs, by a C++ compiler on Thrust's host backend for the tests.
#include "cuda/reductions.hpp"

#include <exception>
#include <new>
#include <string>
#include <thrust/execution_policy.h>
#include <thrust/find.h>

#include "base/error.hpp"

namespace danas::cuda {

namespace {

struct NotFinite {
  __host__ __device__ bool operator()(float number) const { return !(number * 0 == 0); }
};

#ifdef __CUDACC__
/// Thrust's scratch memory: it would allocate some at every call, which every lane waits for.
class Scratch {
 public:
  using value_type = char;

  explicit Scratch(std::span<std::byte> memory) : memory_(memory) {}
  char* allocate(std::ptrdiff_t bytes) {
    constexpr std::size_t line = 256;
    const std::size_t taken = (static_cast<std::size_t>(bytes) + line - 1) / line * line;
    if (taken > memory_.size()) throw std::bad_alloc();
    char* const memory = reinterpret_cast<char*>(memory_.data());
    memory_ = memory_.subspan(taken);
    return memory;
  }
  void deallocate(char*, std::size_t) {}  // at the end of the call, all at once

 private:
  std::span<std::byte> memory_;
};
#endif

}  // namespace

std::int64_t first_not_finite(const float* numbers, std::int64_t count, [[maybe_unused]] CUstream_st* stream,
                              [[maybe_unused]] std::span<std::byte> scratch) {
  try {
#ifdef __CUDACC__
    Scratch memory(scratch);
    const auto policy = thrust::cuda::par(memory).on(stream);
#else
    const auto& policy = thrust::cpp::par;
#endif
    return thrust::find_if(policy, numbers, numbers + count, NotFinite()) - numbers;
  } catch (const std::exception& error) {
    throw Error("cuda", std::string("looking at numbers: ") + error.what(), Fault::failure);
  }
}

}  // namespace danas::cuda
