// A system, what a search chooses: what is shown of the data, and the network that sees it.
#pragma once

#include <string>
#include <string_view>

#include "data/configuration.hpp"
#include "nn/architecture.hpp"
#include "nn/layer.hpp"

namespace danas {

/// A whole system; its text is "96,monochrome,2-2-0-0-0,0.3", "6000,mel,32x3r-64x5s".
struct System {
  DataConfiguration data;
  Architecture architecture;

  std::string text() const;
  bool operator==(const System&) const = default;
};
/// Throw Error. A system has one name in files: parse_system takes only what text() writes, read_system also another
/// spelling of the width ("1", "0.50"), as people write it.
System parse_system(std::string_view text);
System read_system(std::string_view text);

/// Its slice of MobileNetV2 (mobilenet_v2.hpp) or its stack (layer_stack.hpp). Throws Error where it is no network.
LayerList system_layers(const System& system, int classes);

}  // namespace danas
