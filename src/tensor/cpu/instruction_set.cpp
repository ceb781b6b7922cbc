#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.hpp"
#include "tensor/cpu/kernels.hpp"

namespace danas::cpu {
namespace {

#if defined(DANAS_X86_KERNELS)
/// __builtin_cpu_supports reads XCR0 too: a set whose registers the operating system does not save is not supported.
bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2");
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

}  // namespace

const Kernels& choose_kernels(const char* name) {
  const char* from_environment = std::getenv("DANAS_INSTRUCTION_SET");
  const std::string wanted = *name || !from_environment ? name : from_environment;
#if defined(DANAS_X86_KERNELS)
  if (has_avx512() && (wanted.empty() || wanted == avx512::kernels.name)) return avx512::kernels;
  if (has_avx2() && (wanted.empty() || wanted == avx2::kernels.name)) return avx2::kernels;
#elif defined(DANAS_ARM_KERNELS)
  if (wanted.empty() || wanted == neon::kernels.name) return neon::kernels;
#endif
  if (wanted.empty() || wanted == portable::kernels.name) return portable::kernels;
  if (wanted == "avx512" || wanted == "avx2" || wanted == "neon")
    throw Error("instruction set", "this machine has no " + wanted + "; choose another or leave the choice to danas");
  throw expected("instruction set", "avx512, avx2, neon or portable", "'" + wanted + "'");
}

}  // namespace danas::cpu
