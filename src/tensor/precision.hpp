// In what numbers activations are kept and products are made; weights and sums are f32 all the same.
#pragma once

#include <array>

#include "base/names.hpp"
#include "tensor/view.hpp"

namespace danas {

enum class Precision { f32, f16, bf16 };
template <>
inline constexpr std::array names<Precision>{"f32", "f16", "bf16"};

constexpr Type activation_type(Precision precision) {
  switch (precision) {
    case Precision::f32: break;
    case Precision::f16: return Type::f16;
    case Precision::bf16: return Type::bf16;
  }
  return Type::f32;
}

}  // namespace danas
