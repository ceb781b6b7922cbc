#include "cli/output.hpp"

namespace danas {

std::string shell_word(std::string_view word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=-+,:@%";
  if (!word.empty() && word.find_first_not_of(plain) == word.npos) return std::string(word);
  const bool simple = is_printable_utf8(word);
  std::string quoted = simple ? "'" : "$'";  // the second kind has escapes
  for (const char c : word) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\'') quoted += simple ? "'\\''" : "\\'";
    else if (simple) quoted += c;
    else if (code < 0x20 || code >= 0x7F) quoted += fmt::format("\\{:03o}", code);
    else quoted += c == '\\' ? std::string("\\\\") : std::string(1, c);
  }
  return quoted + "'";
}

std::string shell_path(const std::filesystem::path& path) {
  const std::string text = path.string();
  return shell_word(text.starts_with('-') ? "./" + text : text);
}

}  // namespace danas
