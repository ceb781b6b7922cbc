// Lists of values that a search chooses from: in ascending order, each once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"

namespace danas {

template <class Value>
std::vector<Value> sorted_set(std::vector<Value> values, const char* name) {
  std::sort(values.begin(), values.end());
  if (values.empty()) throw expected(std::string("search space, ") + name, "at least one value", "none");
  if (std::adjacent_find(values.begin(), values.end()) != values.end())
    throw expected(std::string("search space, ") + name, "different values", "the same one twice");
  return values;
}

/// -1 where it is not among them.
template <class Value>
std::int64_t position(const std::vector<Value>& values, const Value& value) {
  const auto found = std::find(values.begin(), values.end(), value);
  return found == values.end() ? -1 : found - values.begin();
}

/// The value one step up or down of one of several.
template <class Value>
Value neighbor(const std::vector<Value>& values, const Value& value, Random& random) {
  const std::int64_t before = position(values, value);
  std::int64_t after;
  do after = before + (random.below(2) == 0 ? -1 : 1);
  while (after < 0 || after >= static_cast<std::int64_t>(values.size()));
  return values[static_cast<std::size_t>(after)];
}

}  // namespace danas
