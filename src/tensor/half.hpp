// The 16-bit floating-point types on the host: IEEE 754 binary16 and bfloat16. Stores round to nearest, ties to even.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace danas {

namespace half {

/// The float whose rounding to fewer digits is that of the double: the last bit is odd where digits were lost.
inline float rounded_to_odd(double x) {
  const auto nearest = static_cast<float>(x);
  if (static_cast<double>(nearest) == x || !std::isfinite(nearest)) return nearest;
  auto bits = std::bit_cast<std::uint32_t>(nearest);
  if (std::abs(static_cast<double>(nearest)) > std::abs(x)) --bits;
  return std::bit_cast<float>(bits | 1);
}

constexpr std::uint16_t f16_bits(float x) {
  constexpr std::uint32_t infinity = 0x7f800000, least_overflow = 0x47800000, least_normal = 0x38800000;
  constexpr std::uint32_t other_bias = 112u << 23;
  const auto whole = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = whole >> 16 & 0x8000, bits = whole & 0x7fffffff;
  if (bits >= least_overflow) return static_cast<std::uint16_t>(sign | (bits > infinity ? 0x7e00 : 0x7c00));
  // Below the normal numbers the addition does the rounding: 0.5's last digit is theirs.
  if (bits < least_normal)
    return static_cast<std::uint16_t>(
        sign | (std::bit_cast<std::uint32_t>(std::bit_cast<float>(bits) + 0.5f) - std::bit_cast<std::uint32_t>(0.5f)));
  return static_cast<std::uint16_t>(sign | (bits - other_bias + 0xfff + (bits >> 13 & 1)) >> 13);
}

constexpr float f16_number(std::uint16_t bits) {
  constexpr float other_bias = 0x1p112f;
  const std::uint32_t sign = std::uint32_t{bits} << 16 & 0x80000000, rest = bits & 0x7fffu;
  if (rest >= 0x7c00) return std::bit_cast<float>(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(std::bit_cast<float>(rest << 13) * other_bias));
}

constexpr std::uint16_t bf16_bits(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

constexpr float bf16_number(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

}  // namespace half

// clang-format off
struct Half {
  std::uint16_t bits = 0;

  Half() = default;
  explicit Half(float x) : bits(half::f16_bits(x)) {}
  explicit Half(double x) : Half(half::rounded_to_odd(x)) {}
  operator float() const { return half::f16_number(bits); }
};

struct Bfloat16 {
  std::uint16_t bits = 0;

  Bfloat16() = default;
  explicit Bfloat16(float x) : bits(half::bf16_bits(x)) {}
  explicit Bfloat16(double x) : Bfloat16(half::rounded_to_odd(x)) {}
  operator float() const { return half::bf16_number(bits); }
};
// clang-format on

}  // namespace danas
