#include "base/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace danas {

std::uint64_t hash_bytes(const void* data, std::size_t bytes) { return XXH3_64bits(data, bytes); }

}  // namespace danas
