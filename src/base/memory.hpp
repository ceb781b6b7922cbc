// How much memory there is for this process: a container may leave it less than the machine has.
#pragma once

#include <filesystem>
#include <optional>

namespace danas {

/// Bytes of the machine's memory, at most those that this process' control groups allow.
double usable_memory();

/// Bytes that the control groups of this process and all those above them allow; none where there is no limit. `root` is
/// the folder that holds proc/self/cgroup and sys/fs/cgroup.
std::optional<double> memory_limit(const std::filesystem::path& root = "/");

}  // namespace danas
