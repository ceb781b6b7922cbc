// An experiment file's content as TOML, and where each of its values stands.
#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace danas {

/// As messages say what they got: "the text \"a\"", "a table".
std::string describe(const toml::node& node);

class TomlSource {
 public:
  /// Throws Error where it is no TOML; `file` names it in messages.
  TomlSource(const std::string& toml, const std::filesystem::path& file);

  /// "key=value"; the value is TOML, or else taken as text.
  void override_value(const std::string& text);

  const toml::node* find(const std::string& key) const;  ///< of a dotted key; nullptr where it is not there
  /// Where a key, or a table that is not known, was set.
  std::string where(const std::string& key) const;
  /// Of two keys that do not go together: the one that --set changed, else the first.
  std::string where(const std::string& key, const std::string& other) const;
  toml::table take() { return std::move(root_); }  ///< the content; the source is not to be used after that
  std::filesystem::path folder() const { return std::filesystem::absolute(file_).parent_path(); }

  /// Throws Error that names the nearest known key.
  void refuse_unknown_keys(const std::vector<std::string>& known) const;

 private:
  void refuse_unknown_key(const std::string& key, const std::vector<std::string>& known) const;

  std::filesystem::path file_;
  toml::table root_;
  std::vector<std::pair<std::string, std::string>> overridden_;  ///< key, and the text of --set
};

}  // namespace danas
