// A fast hash of many bytes: XXH3 (Collet), which finds what was changed by accident, not by an adversary.
#pragma once

#include <cstddef>
#include <cstdint>

namespace danas {

/// The same on every machine.
std::uint64_t hash_bytes(const void* data, std::size_t bytes);

}  // namespace danas
