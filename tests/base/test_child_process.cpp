#include <boost/test/unit_test.hpp>

#include <csignal>
#include <new>
#include <vector>

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/peak_memory.hpp"

using namespace danas;

namespace {

std::string error_of(const std::function<int()>& work) {
  try {
    result_of_child("a child", work);
  } catch (const Error& error) {
    BOOST_TEST((error.fault() == Fault::failure));
    return error.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(child_processes)

BOOST_AUTO_TEST_CASE(a_result_comes_back_and_nothing_else_does) {
  int calls = 0;
  struct Pair {
    double a;
    int b;
  };
  const Pair pair = result_of_child("a child", [&] {
    ++calls;
    return Pair{0.25, 7};
  });
  BOOST_TEST(pair.a == 0.25);
  BOOST_TEST(pair.b == 7);
  BOOST_TEST(calls == 0);
  const std::string large(1 << 20, 'x');  // more than a pipe holds
  BOOST_TEST((bytes_of_child("a child", [&] { return large; }) == large));
}

BOOST_AUTO_TEST_CASE(its_memory_is_its_own) {
  constexpr std::size_t bytes = std::size_t{128} << 20;
  const double before = peak_memory_mib();
  const double theirs = result_of_child("a child", [&] {
    const std::vector<char> memory(bytes, 1);
    return peak_memory_mib() + memory[bytes / 2];
  });
  BOOST_TEST(theirs > 128);
  BOOST_TEST(peak_memory_mib() < before + 64);
}

BOOST_AUTO_TEST_CASE(failures_are_named) {
  BOOST_TEST(error_of([]() -> int { throw Error("inner", "broke"); }) == "[a child] [inner] broke");
  BOOST_TEST(error_of([]() -> int { throw std::bad_alloc(); }) == "[a child] std::bad_alloc");
  BOOST_TEST(error_of([]() -> int {
               ::raise(SIGKILL);
               return 0;
             }).find("Killed") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
