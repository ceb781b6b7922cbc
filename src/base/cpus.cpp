#include "base/cpus.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <string>
#include <thread>

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

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::optional<double> limit_of(const fs::path& group) {
  std::istringstream version2(first_line(group / "cpu.max"));
  if (std::string quota, period; version2 >> quota >> period) return share(quota, period);
  return share(first_line(group / "cpu.cfs_quota_us"), first_line(group / "cpu.cfs_period_us"));
}

std::optional<double> smaller(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// Of a group and all those above it, up to where the control groups are mounted.
std::optional<double> limit_from(const fs::path& mount, fs::path group) {
  std::optional<double> limit;
  for (group = group.relative_path(); !group.empty(); group = group.parent_path())
    limit = smaller(limit, limit_of(mount / group));
  return smaller(limit, limit_of(mount));
}

int affinity() {
  cpu_set_t sets[16];  // of 1,024 CPUs each
  if (::sched_getaffinity(0, sizeof sets, sets) == 0) return CPU_COUNT_S(sizeof sets, sets);
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  std::optional<double> limit;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // hierarchy:controllers:group
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      limit = smaller(limit, limit_from(mount, group));
      limit = smaller(limit, limit_from(mount / "unified", group));
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      limit = smaller(limit, limit_from(mount / controllers, group));
      limit = smaller(limit, limit_from(mount / "cpu", group));
    }
  }
  return limit;
}

int usable_cpus() {
  int cpus = affinity();
  if (const auto quota = cpu_quota(); quota && *quota < cpus) cpus = static_cast<int>(std::ceil(*quota));
  return std::max(cpus, 1);
}

}  // namespace danas
