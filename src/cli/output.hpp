// What commands write for people on standard output.
#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/utf8.hpp"

namespace danas {

template <class Value>
constexpr bool is_text = std::is_convertible_v<const Value&, std::string_view>;

template <class Value>
decltype(auto) shown(const Value& value) {
  if constexpr (is_text<Value>) return printable(value);
  else return (value);
}

/// fmt::print whose texts are names of files, classes and the like: control characters and what is no UTF-8 never reach
/// the terminal as they are. A text of several lines goes through print_lines.
template <class... Values>
void print(fmt::format_string<decltype(shown(std::declval<const Values&>()))...> format, const Values&... values) {
  fmt::print(format, shown(values)...);
}

/// The same for a text whose line ends are its own.
inline void print_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    print("{}\n", text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

/// A word for a shell, quoted where it holds anything but plain characters.
std::string shell_word(std::string_view word);
/// A file or folder for a shell: a path that begins with a dash is no option.
std::string shell_path(const std::filesystem::path& path);

}  // namespace danas
