// How much memory this process has taken at most.
#pragma once

namespace danas {

double peak_memory_mib();  ///< resident, in MiB

}  // namespace danas
