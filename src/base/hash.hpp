// A fast hash of many bytes: XXH3 (Collet), which finds what was changed by accident, not by an adversary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace danas {

/// The same on every machine.
std::uint64_t hash_bytes(const void* data, std::size_t bytes);

/// hash_bytes() of a whole file, read in pieces. Throws Error naming it where it cannot be read or is no regular file.
std::uint64_t hash_file(const std::string& file);

}  // namespace danas
