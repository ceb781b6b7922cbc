// Builds the cache of an image set with all CPUs.
#pragma once

#include "data/image_set.hpp"

namespace danas {

/// Writes the cache file, going on where an earlier building stopped (`exclusive`: CacheWriter). The same bytes for any
/// number of threads. What was done survives a kill and an exception of `progress`; where the machine fails (a full
/// disk), nothing remains. Throws Error.
void build_cache(const Dataset& dataset, const ImageList& list, const std::filesystem::path& path, const CacheKey& key,
                 bool exclusive, const Progress& progress);

}  // namespace danas
