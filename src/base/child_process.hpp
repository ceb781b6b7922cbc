// Work in a process of its own: the memory that it takes is counted by itself, and given back whole.
#pragma once

#include <functional>
#include <string>
#include <type_traits>

namespace danas {

/// The bytes that `work` returns, called in a child of this process, which must not have other threads at the time and
/// ends with it. Where the child fails, throws Error(name, …, Fault::failure).
std::string bytes_of_child(const std::string& name, const std::function<std::string()>& work);

/// The same for a result without pointers.
template <class Work>
auto result_of_child(const std::string& name, const Work& work) {
  using Result = std::invoke_result_t<Work>;
  static_assert(std::is_trivially_copyable_v<Result>);
  const std::string bytes = bytes_of_child(name, [&work] {
    const Result result = work();
    return std::string(reinterpret_cast<const char*>(&result), sizeof result);
  });
  Result result{};
  bytes.copy(reinterpret_cast<char*>(&result), sizeof result);
  return result;
}

}  // namespace danas
