#include "base/control_groups.hpp"

#include <algorithm>
#include <fstream>

namespace danas {

namespace {

namespace fs = std::filesystem;

using LimitOf = std::function<std::optional<double>(const fs::path& group)>;

std::optional<double> smaller(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// Of a group and all those above it, up to where the control groups are mounted.
std::optional<double> limit_from(const fs::path& mount, fs::path group, const LimitOf& limit_of) {
  std::optional<double> limit;
  for (group = group.relative_path(); !group.empty(); group = group.parent_path())
    limit = smaller(limit, limit_of(mount / group));
  return smaller(limit, limit_of(mount));
}

}  // namespace

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::optional<double> group_limit(const fs::path& root, const std::string& controller, const LimitOf& limit_of) {
  const fs::path mount = root / "sys/fs/cgroup";
  std::optional<double> limit;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // hierarchy:controllers:group
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      limit = smaller(limit, limit_from(mount, group, limit_of));
      limit = smaller(limit, limit_from(mount / "unified", group, limit_of));
    } else if (("," + controllers + ",").find("," + controller + ",") != std::string::npos) {
      limit = smaller(limit, limit_from(mount / controllers, group, limit_of));
      limit = smaller(limit, limit_from(mount / controller, group, limit_of));
    }
  }
  return limit;
}

}  // namespace danas
