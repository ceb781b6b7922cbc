// Whose rules a search follows where the paper and its published code differ.
#pragma once

#include <array>

#include "base/names.hpp"

namespace danas {

enum class Protocol { corrected, published };
template <>
inline constexpr std::array names<Protocol>{"corrected", "published"};

}  // namespace danas
