// The size of one image's activations.
#pragma once

#include <cstdint>

namespace danas {

struct Extent {
  int height = 0, width = 0, channels = 0;  ///< a vector is 1 × 1 × channels

  std::int64_t elements() const { return std::int64_t{height} * width * channels; }
  bool operator==(const Extent&) const = default;
};

}  // namespace danas
