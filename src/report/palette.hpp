// Colors of data configurations in static pictures; report.js has the same ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace danas::report {

/// A hue for each resolution or sample rate, in the order of `configurations`; monochrome ones and MFCCs are diamonds.
struct ConfigurationMark {
  std::string color;
  bool diamond = false;
};
ConfigurationMark configuration_mark(const std::vector<std::string>& configurations, std::string_view data);

}  // namespace danas::report
