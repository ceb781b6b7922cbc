// Numbers with their units, as logs and the terminal show them. (The report has typography of its own: report/text.hpp.)
#pragma once

#include <string>

namespace danas {

constexpr double kibibytes(double bytes) { return bytes / 0x1p10; }
constexpr double mebibytes(double bytes) { return bytes / 0x1p20; }
constexpr double gibibytes(double bytes) { return bytes / 0x1p30; }

std::string kib_text(double bytes);         ///< "92.3 KiB"
std::string mib_text(double bytes);         ///< "42.0 MiB"
std::string gib_text(double bytes);         ///< "81.2 GiB"
std::string percent_text(double share);     ///< 0.713 → "71.3 %"
std::string duration_text(double seconds);  ///< "42 s", "3:05 min", "2:03 h"; 0 s for less than nothing

}  // namespace danas
