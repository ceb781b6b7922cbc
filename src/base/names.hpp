// Enums whose values have names in files and on the command line: each name is spelled once, beside its enum, and a text
// becomes a value where it is read.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace danas {

/// The names of an enum's values, in their order from 0. An enum that has names specializes it:
/// `template <> inline constexpr std::array names<Color>{"monochrome", "rgb"};`
template <class Enum>
inline constexpr std::array<const char*, 0> names{};

template <class Enum>
constexpr const char* name_of(Enum value) {
  return names<Enum>[static_cast<std::size_t>(value)];
}

/// The value that is called so; none where no value is.
template <class Enum>
constexpr std::optional<Enum> find_named(std::string_view name) {
  for (std::size_t i = 0; i < names<Enum>.size(); ++i)
    if (name == names<Enum>[i]) return static_cast<Enum>(i);
  return std::nullopt;
}

/// For messages: "\"adam\", \"adamw\", \"sgd\"".
template <class Enum>
std::string listed_names() {
  std::string text;
  for (const char* const name : names<Enum>) text += (text.empty() ? "\"" : ", \"") + std::string(name) + '"';
  return text;
}

}  // namespace danas
