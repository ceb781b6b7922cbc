// The CPU backends of this machine, for the tests.
#pragma once

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "tensor/backend.hpp"

inline bool machine_has(const std::string& instruction_set) {
#if defined(__x86_64__)
  if (instruction_set == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (instruction_set == "avx512")
    return machine_has("avx2") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#endif
  return instruction_set == "portable";
}

/// One for each instruction set that the machine has; the others are named on standard error.
inline std::vector<std::unique_ptr<danas::Backend>> cpu_backends(int threads = 2) {
  std::vector<std::unique_ptr<danas::Backend>> backends;
  for (const char* instruction_set : {"portable", "avx2", "avx512"}) {
    if (machine_has(instruction_set)) backends.push_back(danas::make_cpu_backend(threads, instruction_set));
    else std::cerr << "skipped: this machine has no " << instruction_set << "\n";
  }
  return backends;
}
