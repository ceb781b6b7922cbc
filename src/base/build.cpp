#include "base/build.hpp"

#include <sstream>

#include "base/error.hpp"

namespace danas {

std::string_view version() { return DANAS_VERSION; }

std::string version_text() { return std::string(version()) + " (" + std::string(commit()) + ")"; }

Build Build::of_this(const std::string& instruction_set) {
  return {std::string(danas::version()), std::string(danas::commit()), instruction_set};
}

std::string build_text(const Build& build) { return build.version + " " + build.commit + " " + build.instruction_set; }

Build parse_build(const std::string& text, const std::string& where) {
  std::istringstream words(text);
  Build build;
  words >> build.version >> build.commit >> std::ws;
  std::getline(words, build.instruction_set);  // "cuda sm_90" has two words
  if (!words || text != build_text(build))
    throw expected(where, "version, commit and instruction set of a build", "\"" + text.substr(0, 80) + "\"");
  return build;
}

}  // namespace danas
