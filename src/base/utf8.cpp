#include "base/utf8.hpp"

#include <algorithm>

namespace danas {

namespace {

constexpr std::string_view replacement = "\uFFFD";

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Bytes of the character that begins with this one; 0: none does.
std::size_t character_length(unsigned char first) {
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

// The character that a text begins with; empty where its first byte is none.
std::string_view first_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = character_length(first);
  if (length == 0 || length > text.size()) return {};
  const std::string_view rest = text.substr(1, length - 1);
  if (!std::all_of(rest.begin(), rest.end(), continues)) return {};
  if (length > 1 && !second_byte_fits(first, static_cast<unsigned char>(rest[0]))) return {};
  return text.substr(0, length);
}

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  return first < 0x20 || first == 0x7F || (first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0);
}

std::string escaped(std::string_view control) {
  switch (control[0]) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: break;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(control.back());
  return (control.size() == 1 ? "\\x" : "\\u00") + std::string{digits[code / 16], digits[code % 16]};
}

/// Every character of a text through `change`; what is none becomes U+FFFD.
template <class Change>
std::string changed(std::string_view text, Change change) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    if (character.empty()) result += replacement;
    else result += change(character);
    text.remove_prefix(std::max<std::size_t>(character.size(), 1));
  }
  return result;
}

}  // namespace

bool is_printable_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    if (character.empty() || is_control(character)) return false;
    text.remove_prefix(character.size());
  }
  return true;
}

std::string printable(std::string_view text) {
  return changed(text, [](std::string_view character) {
    return is_control(character) ? escaped(character) : std::string(character);
  });
}

std::string valid_utf8(std::string_view text) {
  return changed(text, [](std::string_view character) { return character; });
}

std::string_view beginning(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && continues(text[most])) --most;
  return text.substr(0, most);
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = text.size() - most / 2;
  while (end < text.size() && continues(text[end])) ++end;
  return std::string(beginning(text, most / 2)) + " … " + std::string(text.substr(end));
}

}  // namespace danas
