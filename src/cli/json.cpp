#include "cli/json.hpp"

#include <cmath>
#include <fmt/core.h>

#include "base/utf8.hpp"

namespace danas {
namespace {

template <class Values, class Text>
std::string list(const Values& values, Text&& text) {
  std::string result = "[";
  for (const auto& value : values) result += (result.size() > 1 ? ", " : "") + text(value);
  return result + "]";
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : valid_utf8(text)) {
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

JsonObject& JsonObject::add(std::string_view key, std::string_view value) { return add_text(key, json_quoted(value)); }

JsonObject& JsonObject::add(std::string_view key, double value) {
  return add_text(key, std::isfinite(value) ? fmt::format("{}", value) : "null");
}

JsonObject& JsonObject::add(std::string_view key, std::int64_t value) { return add_text(key, std::to_string(value)); }

JsonObject& JsonObject::add(std::string_view key, const JsonObject& value) { return add_text(key, value.text()); }

JsonObject& JsonObject::add(std::string_view key, const std::vector<JsonObject>& values) {
  return add_text(key, list(values, [](const JsonObject& value) { return value.text(); }));
}

JsonObject& JsonObject::add(std::string_view key, const std::vector<std::int64_t>& values) {
  return add_text(key, list(values, [](std::int64_t value) { return std::to_string(value); }));
}

JsonObject& JsonObject::add_text(std::string_view key, const std::string& value) {
  members_ += (members_.empty() ? "" : ", ") + json_quoted(key) + ": " + value;
  return *this;
}

}  // namespace danas
