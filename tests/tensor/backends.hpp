// Test cases for every backend of the program. Those of an instruction set that the machine has not got are skipped,
// and said to be: never passed.
#pragma once

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "tensor/backend.hpp"

// The thread sanitizer sees a race on any number of threads, and takes long.
#ifdef __SANITIZE_THREAD__
constexpr bool races_only = true;
#else
constexpr bool races_only = false;
#endif

/// Numbers of threads to be compared with one; under the thread sanitizer the last of them alone.
inline std::vector<int> thread_counts(std::vector<int> counts) {
  if (races_only) counts = {counts.back()};
  return counts;
}

inline bool machine_has(const std::string& instruction_set) {
#if defined(__x86_64__)
  if (instruction_set == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (instruction_set == "avx512")
    return machine_has("avx2") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#elif defined(__aarch64__)
  if (instruction_set == "neon") return true;
#endif
  return instruction_set == "portable";
}

/// For Boost.Test's precondition.
struct MachineHas {
  const char* instruction_set;
  boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
    boost::test_tools::assertion_result result(machine_has(instruction_set));
    result.message() << "this machine has no " << instruction_set;
    return result;
  }
};

#define DANAS_CASE(name, set) \
  BOOST_AUTO_TEST_CASE(name##_##set, *boost::unit_test::precondition(MachineHas{#set})) { name##_with(#set); }

#define DANAS_CASES(name)    \
  DANAS_CASE(name, portable) \
  DANAS_CASE(name, avx2)     \
  DANAS_CASE(name, avx512)   \
  DANAS_CASE(name, neon)

/// A test case for every instruction set; the body sees its name, `instruction_set`.
#define FOR_EACH_INSTRUCTION_SET(name)                         \
  static void name##_with(const std::string& instruction_set); \
  DANAS_CASES(name)                                            \
  static void name##_with(const std::string& instruction_set)

/// A test case for every instruction set (on two threads), and for the reference in single and in double precision; the
/// body sees `backend`.
#define FOR_EACH_BACKEND(name)                                                                                \
  static void name##_on(danas::Backend& backend);                                                             \
  static void name##_with(const std::string& set) { name##_on(*danas::make_cpu_backend(2, set)); }            \
  DANAS_CASES(name)                                                                                           \
  BOOST_AUTO_TEST_CASE(name##_reference_f32) { name##_on(*danas::make_reference_backend(danas::Type::f32)); } \
  BOOST_AUTO_TEST_CASE(name##_reference_f64) { name##_on(*danas::make_reference_backend(danas::Type::f64)); } \
  static void name##_on(danas::Backend& backend)
