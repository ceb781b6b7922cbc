#include "nas/path_expansion.hpp"

#include <cctype>
#include <cstdlib>

#include "base/error.hpp"

namespace danas {

namespace {

std::string variable(const std::string& name, const std::string& where, const std::string& advice) {
  const char* value = std::getenv(name.c_str());
  if (value != nullptr && *value != '\0') return value;
  throw Error(where, "the environment variable " + name + " is not set; " + (advice.empty() ? "" : advice + " and ") +
                         "set it to the folder that holds the data: export " + name + "=/path/to/folder");
}

// The name after the dollar sign at `position`, which moves behind it.
std::string variable_name(const std::string& text, std::size_t& position, const std::string& where) {
  const bool braces = position + 1 < text.size() && text[position + 1] == '{';
  std::size_t end = position + (braces ? 2 : 1);
  const std::size_t begin = end;
  while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
  if (end == begin || (braces && (end == text.size() || text[end] != '}')))
    throw expected(where, "a variable as $NAME or ${NAME}", "\"" + text + "\"");
  position = end + (braces ? 1 : 0);
  return text.substr(begin, end - begin);
}

}  // namespace

std::filesystem::path expand_path(const std::string& text, const std::filesystem::path& folder,
                                  const std::string& where, const std::string& advice) {
  std::string result;
  bool from_working_folder = false;
  std::size_t position = 0;
  if (text == "~" || text.starts_with("~/")) {
    result = variable("HOME", where, "");
    position = 1;
  }
  while (position < text.size()) {
    if (text[position] != '$') {
      result += text[position++];
    } else if (position + 1 < text.size() && text[position + 1] == '$') {
      result += '$';
      position += 2;
    } else {
      if (position == 0) from_working_folder = true;
      result += variable(variable_name(text, position, where), where, advice);
    }
  }
  std::filesystem::path path = result;
  if (path.is_relative() && !from_working_folder) path = folder / path;
  path = std::filesystem::absolute(path).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

std::string protect_path(const std::filesystem::path& path) {
  std::string text;
  for (const char letter : path.string()) text += letter == '$' ? "$$" : std::string(1, letter);
  return text;
}

}  // namespace danas
