// What Thrust does, apart from kernels and outside of recorded steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

struct CUstream_st;

namespace danas::cuda {

/// The place of the first number that is not finite, or `count`; waits for what the stream was told before. `scratch` is on
/// the device, as the numbers. Throws Error (Fault::failure).
std::int64_t first_not_finite(const float* numbers, std::int64_t count, CUstream_st* stream,
                              std::span<std::byte> scratch);

}  // namespace danas::cuda
