#include "report/palette.hpp"

#include <algorithm>
#include <iterator>

namespace danas::report {

namespace {

constexpr const char* strong[] = {"#1d4fa8", "#a3460a", "#0a6349", "#702c99", "#a01a56", "#5e4615", "#075f77"};
constexpr const char* light[] = {"#5b8def", "#de7d2f", "#2fa587", "#b06bd9", "#e25f9b", "#a6873a", "#2e9fbe"};

}  // namespace

ConfigurationMark configuration_mark(const std::vector<std::string>& configurations, std::string_view data) {
  const auto resolution = [](std::string_view name) { return name.substr(0, name.find('-')); };
  std::vector<std::string_view> resolutions;
  for (const std::string& name : configurations)
    if (std::find(resolutions.begin(), resolutions.end(), resolution(name)) == resolutions.end())
      resolutions.push_back(resolution(name));
  const auto place = std::find(resolutions.begin(), resolutions.end(), resolution(data)) - resolutions.begin();
  const std::size_t hue = static_cast<std::size_t>(place) % std::size(strong);
  const bool plain = data.ends_with("-monochrome") || data.find("-mfcc") != data.npos;
  return {plain ? light[hue] : strong[hue], plain};
}

}  // namespace danas::report
