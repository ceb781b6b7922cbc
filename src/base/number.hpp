// Numbers out of texts, whole or not at all.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/error.hpp"

namespace danas {

/// The number that all of `text` is; none where there is anything else or it is out of range. nan and inf are taken.
template <class Number>
std::optional<Number> find_number(std::string_view text) {
  Number number{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The same; throws Error naming `where`.
template <class Number>
Number parse_number(const std::string& text, const std::string& where) {
  if (const auto number = find_number<Number>(text)) return *number;
  throw expected(where, "a number", "\"" + text + "\"");
}

}  // namespace danas
