#include "base/memory.hpp"

#include <algorithm>
#include <string>
#include <unistd.h>

#include "base/control_groups.hpp"
#include "base/number.hpp"

namespace danas {

namespace {

// "max" is no limit, as is what cannot be read.
std::optional<double> limit_of(const std::filesystem::path& group) {
  for (const char* const file : {"memory.max", "memory.limit_in_bytes"})  // of versions 2 and 1
    if (const auto bytes = find_number<double>(first_line(group / file)); bytes && *bytes > 0) return bytes;
  return std::nullopt;
}

}  // namespace

std::optional<double> memory_limit(const std::filesystem::path& root) { return group_limit(root, "memory", limit_of); }

double usable_memory() {
  const double machine = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return std::min(machine, memory_limit().value_or(machine));
}

}  // namespace danas
