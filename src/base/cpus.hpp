// How many CPUs there are for this process: a container or taskset may leave it fewer than the machine has.
#pragma once

#include <filesystem>
#include <optional>

namespace danas {

/// CPUs that this thread may run on (affinity), at most the CPU time that its control groups allow, rounded up; at
/// least 1.
int usable_cpus();

/// The CPU time that the control groups of this process and all those above them allow, in CPUs; none where there is no
/// limit. `root` is the folder that holds proc/self/cgroup and sys/fs/cgroup.
std::optional<double> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace danas
