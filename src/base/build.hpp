// Which build of danas this is.
#pragma once

#include <string>
#include <string_view>

namespace danas {

std::string_view version();  ///< "0.1.0"
/// Of the sources: "3808762b8f1c", with "-dirty" where they were changed since; "unknown" where git cannot tell.
std::string_view commit();
std::string version_text();  ///< "0.1.0 (3808762b8f1c)"

/// What the bytes of a run may depend on beside experiment and images.
struct Build {
  std::string version, commit, instruction_set;

  static Build of_this(const std::string& instruction_set);
  bool operator==(const Build&) const = default;
};

std::string build_text(const Build& build);                            ///< "0.1.0 3808762b8f1c avx512"
Build parse_build(const std::string& text, const std::string& where);  ///< what build_text() gives; throws Error

}  // namespace danas
