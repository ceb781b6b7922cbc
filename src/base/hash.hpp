// Hashes, the same on every machine. They find what was changed by accident, not by an adversary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace danas {

/// XXH3 (Collet): fast, for many bytes.
std::uint64_t hash_bytes(const void* data, std::size_t bytes);

/// hash_bytes() of a whole file, read in pieces. Throws Error naming it where it cannot be read or is no regular file.
std::uint64_t hash_file(const std::string& file);

/// FNV-1a (Fowler, Noll, Vo), going on from `state`. Every step is a bijection of the state, so that one changed byte
/// always shows.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t state = 0xCBF29CE484222325u) {
  for (const char byte : bytes) state = (state ^ static_cast<unsigned char>(byte)) * 0x100000001B3u;
  return state;
}

/// A running FNV-1a of what identifies content: a sequence of texts and numbers.
class Fingerprint {
 public:
  void add(std::string_view text);  ///< length first, so that no two sequences of texts are the same
  void add(std::uint64_t number);
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = fnv1a("");
};

/// 16 hexadecimal digits.
std::string hash_text(std::uint64_t hash);

}  // namespace danas
