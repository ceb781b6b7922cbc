// What a search chooses: data configuration (data/configuration.hpp) and architecture, and their names in files and
// arguments.
// The layers that follow from them are those of mobilenet_v2.hpp.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "data/configuration.hpp"

namespace danas {

std::string depth_text(const std::array<int, 5>& depth);  ///< "3-4-3-3-1"
std::array<int, 5> parse_depth(std::string_view text);    ///< what depth_text() gives; throws Error

/// Blocks in stages 3 to 7, of which a network may have fewer: those of MobileNetV2, the most that there can be.
inline constexpr std::array<int, 5> full_depth{3, 4, 3, 3, 1};
inline constexpr int first_optional_stage = 3;

/// Blocks kept in stages 3 to 7 (at most full_depth; a stage of 0 ends the network) and the share of channels.
struct Architecture {
  std::array<int, 5> depth = full_depth;
  double width = 1.0;

  std::string text() const;  ///< "3-4-3-3-1 0.5"
  bool operator==(const Architecture&) const = default;
};

/// The name of a whole system: "96,monochrome,2-2-0-0-0,0.3", "6000,mel,2-2-0-0-0,0.3". parse_* accept exactly what
/// *_text gives; throw Error.
struct System {
  DataConfiguration data;
  Architecture architecture;

  std::string text() const;
  bool operator==(const System&) const = default;
};
/// "96,monochrome,2-2-0-0-0,0.3"; throws Error. A system has one name in files: parse_system takes only what text()
/// writes, read_system also another spelling of the width ("1", "0.50"), as people write it.
System parse_system(std::string_view text);
System read_system(std::string_view text);

/// Throws Error where the architecture is none of the search space's: depths too large, blocks after a removed stage, …
void check_feasible(const Architecture& architecture);

}  // namespace danas
