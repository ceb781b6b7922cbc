#include "base/cpus.hpp"

#include <algorithm>
#include <cmath>
#include <sched.h>
#include <sstream>
#include <string>
#include <thread>

#include "base/control_groups.hpp"
#include "base/number.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

// Quota and period in microseconds, as CPUs; "max" and -1 are no limit, as is what cannot be read.
std::optional<double> share(const std::string& quota, const std::string& period) {
  const auto time = find_number<double>(quota), of = find_number<double>(period);
  if (!time || !of || !(*time > 0) || !(*of > 0)) return std::nullopt;
  return *time / *of;
}

std::optional<double> limit_of(const fs::path& group) {
  std::istringstream version2(first_line(group / "cpu.max"));
  if (std::string quota, period; version2 >> quota >> period) return share(quota, period);
  return share(first_line(group / "cpu.cfs_quota_us"), first_line(group / "cpu.cfs_period_us"));
}

int affinity() {
  cpu_set_t sets[16];  // of 1,024 CPUs each
  if (::sched_getaffinity(0, sizeof sets, sets) == 0) return CPU_COUNT_S(sizeof sets, sets);
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& root) { return group_limit(root, "cpu", limit_of); }

int usable_cpus() {
  int cpus = affinity();
  if (const auto quota = cpu_quota(); quota && *quota < cpus) cpus = static_cast<int>(std::ceil(*quota));
  return std::max(cpus, 1);
}

}  // namespace danas
