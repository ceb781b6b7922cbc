#include "base/units.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace danas {

std::string kib_text(double bytes) { return fmt::format("{:.1f} KiB", kibibytes(bytes)); }
std::string mib_text(double bytes) { return fmt::format("{:.1f} MiB", mebibytes(bytes)); }
std::string gib_text(double bytes) { return fmt::format("{:.1f} GiB", gibibytes(bytes)); }
std::string percent_text(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

}  // namespace danas
