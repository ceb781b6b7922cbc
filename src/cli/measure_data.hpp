// How fast this machine prepares images: from JPEG files to the levels of a cache, and from a cache to batches.
#pragma once

#include "data/configuration.hpp"

namespace danas {

/// Images per second of `threads` threads (0: the CPUs that there are), which decode photographs of 640×480 pixels, held
/// in memory as JPEG, and reduce them to the level that training takes its crops from: the building of a
/// cache without its disk. For about `seconds`.
double measure_decoding(const DataConfiguration& data, int threads, double seconds);

/// Images per second of a training loader of so many threads: random crops of a cache of such levels, mirrored, resized
/// and made numbers, of 1 or 3 channels. The cache is in the system's folder for temporary files, for as long as this
/// takes. Throws Error where it cannot be written.
double measure_loading(const DataConfiguration& data, int batch, int threads, double seconds);

}  // namespace danas
