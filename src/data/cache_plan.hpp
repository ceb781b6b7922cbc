// Whether the images of a set are kept on disk, and why: by what they are needed for and by the disk's room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data/cache_file.hpp"
#include "data/dataset.hpp"
#include "data/preparation.hpp"

namespace danas {

struct CachePlan {
  CacheMode mode = CacheMode::raw;
  std::uint64_t bytes = 0;  ///< estimated, of the mode
  std::string reason;       ///< for people, why this mode
};

/// Raw and none give the same pixels, so that without a setting these two alone are chosen between; JPEG loses a little
/// and is chosen by the experiment, and for training levels only: what is evaluated is always exact.
/// `draws`: how often images of the set will be asked for in all; none: again and again.
CachePlan plan_cache(const DataSettings& settings, const Dataset& dataset, Split split, std::int64_t images,
                     const Preparation& preparation, std::optional<std::int64_t> draws);

/// Bytes of so many images of a split, prepared and raw, from a sample of them. Throws Error where the machine fails.
std::uint64_t estimated_bytes(const Dataset& dataset, Split split, std::int64_t images, const Preparation& preparation);

}  // namespace danas
