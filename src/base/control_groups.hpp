// Limits that Linux' control groups set to a process, in containers above all.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace danas {

/// The smallest limit of the groups of this process and of all those above them; none where there is none. `limit_of`
/// reads that of one group from its folder; `controller` is the name of the limit's hierarchy in version 1. `root` is the
/// folder that holds proc/self/cgroup and sys/fs/cgroup.
std::optional<double> group_limit(
    const std::filesystem::path& root, const std::string& controller,
    const std::function<std::optional<double>(const std::filesystem::path& group)>& limit_of);
/// Of a file of a group; empty where it cannot be read.
std::string first_line(const std::filesystem::path& file);

}  // namespace danas
