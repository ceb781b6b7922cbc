// What the pixels that a network sees are made of; every model file names it.
#pragma once

#include <string_view>

namespace danas {

/// Resized by exact integer area weights, uint8 in between, gray in integers, (x − 128)/128.
inline constexpr std::string_view preparation_name = "area-u8-128-1";

}  // namespace danas
