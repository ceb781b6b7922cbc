// The machine code of GPUs as nvcc leaves it (an ELF file): what every kernel takes and does.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace danas::test {

struct KernelCode {
  std::string name;  ///< "danas::cuda::product<danas::cuda::Tile<64>, …>", without arguments
  int registers = 0;
  int shared_bytes = 0;
  int stack_bytes = 0;   ///< local memory of a thread
  int most_threads = 0;  ///< __launch_bounds__; 0: none
  /// How many there are of some instructions, with the bits of each access: "LDS.128", "LDG.32", "STL.32", "HMMA". Empty
  /// beyond sm_90, whose codes are not known here.
  std::map<std::string, int> instructions;
};

struct Cubin {
  int architecture = 0;  ///< 90
  std::vector<KernelCode> kernels;
};

/// Throws Error where the file is none.
Cubin read_cubin(const std::filesystem::path& file);

}  // namespace danas::test
