// Texts for people: numbers with units, and escapes for HTML.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace danas::report {

std::string escape(std::string_view text);                ///< for HTML text and quoted attributes, SVG too
std::string url_path(const std::filesystem::path& path);  ///< percent-encoded, not yet escaped

std::string thousands(long long value);             ///< "2,226,434"
std::string kib(long long bytes);                   ///< "92.3 KiB"
std::string percent(double share, int digits = 1);  ///< 0.713 → "71.3 %"
std::string duration(double seconds);               ///< "1 h 12 min", "48 s"
/// Three significant digits with k, M or G: 9,880,000 → "9.88 M".
std::string compact(double value);

/// "96-monochrome" → "96×96 monochrome", "6000-mel" → "6000 Hz mel"; any other text comes back as it is.
std::string data_text(std::string_view data);
/// "2-3-1-0-0 0.5" → "depths 2-3-1-0-0, width 0.5"; any other text comes back as it is.
std::string architecture_text(std::string_view architecture);

}  // namespace danas::report
