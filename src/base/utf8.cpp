#include "base/utf8.hpp"

#include <algorithm>

namespace danas {

namespace {

// Bytes of the character that begins with this one; 0: none does.
std::size_t character_length(unsigned char first) {
  if (first < 0x20 || first == 0x7F) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

// Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
bool second_byte_fits(unsigned char first, unsigned char second) {
  switch (first) {
    case 0xE0: return second >= 0xA0;
    case 0xED: return second < 0xA0;
    case 0xF0: return second >= 0x90;
    case 0xF4: return second < 0x90;
    default: return true;
  }
}

}  // namespace

bool is_printable_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t length = character_length(first);
    if (length == 0 || length > text.size()) return false;
    const std::string_view rest = text.substr(1, length - 1);
    const auto continues = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; };
    if (!std::all_of(rest.begin(), rest.end(), continues)) return false;
    if (length > 1 && !second_byte_fits(first, static_cast<unsigned char>(rest[0]))) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace danas
