// JSON for `--json`: written, never read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace danas {

/// A text as a JSON string, which is a TOML string too; U+FFFD for every byte that is no UTF-8.
std::string json_quoted(std::string_view text);

/// An object whose keys keep the order in which they were added.
class JsonObject {
 public:
  JsonObject& add(std::string_view key, std::string_view value);
  JsonObject& add(std::string_view key, const char* value) { return add(key, std::string_view(value)); }
  JsonObject& add(std::string_view key, double value);  ///< null where it is not finite
  JsonObject& add(std::string_view key, std::int64_t value);
  JsonObject& add(std::string_view key, long long value) { return add(key, static_cast<std::int64_t>(value)); }
  JsonObject& add(std::string_view key, int value) { return add(key, static_cast<std::int64_t>(value)); }
  JsonObject& add(std::string_view key, const JsonObject& value);
  JsonObject& add(std::string_view key, const std::vector<JsonObject>& values);
  JsonObject& add(std::string_view key, const std::vector<std::int64_t>& values);

  std::string text() const { return "{" + members_ + "}"; }

 private:
  JsonObject& add_text(std::string_view key, const std::string& value);

  std::string members_;
};

}  // namespace danas
