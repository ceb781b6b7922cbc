// In what numbers activations are kept and products are made.
#pragma once

#include <array>

#include "base/names.hpp"

namespace danas {

enum class Precision { f32, f16, bf16 };
template <>
inline constexpr std::array names<Precision>{"f32", "f16", "bf16"};

}  // namespace danas
