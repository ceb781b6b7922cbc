// ~ and $NAME in the paths of an experiment file.
#pragma once

#include <filesystem>
#include <string>

namespace danas {

/// `~` at the beginning and `$NAME` or `${NAME}` anywhere are replaced; `$$` is a dollar sign. A relative path is
/// relative to `folder`, one that begins with a variable to the working directory. The result is absolute. An unset
/// variable throws Error(where, …) that names it and says how to set it; `advice` is what to do before.
std::filesystem::path expand_path(const std::string& text, const std::filesystem::path& folder,
                                  const std::string& where, const std::string& advice = "");

/// The text that expand_path() turns into `path` again.
std::string protect_path(const std::filesystem::path& path);

}  // namespace danas
