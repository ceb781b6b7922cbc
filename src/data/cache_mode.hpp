// How prepared images are stored.
#pragma once

#include <array>
#include <cstdint>

#include "base/names.hpp"

namespace danas {

/// As pixels, as JPEG, or not at all (then a cache's index only says which can be read). Cache files hold the number.
enum class CacheMode : std::uint32_t { raw, jpeg, none };
template <>
inline constexpr std::array names<CacheMode>{"raw", "jpeg", "none"};

}  // namespace danas
