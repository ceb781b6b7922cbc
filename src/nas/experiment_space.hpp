// Reading [space] of an experiment file.
#pragma once

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "nas/experiment_fields.hpp"
#include "nas/toml_source.hpp"

namespace danas {

/// Throws Error naming key and line for lists that make no space, and for keys of other networks or of other data.
SearchSpace make_space(const TomlSource& source, const SpaceLists& lists, const DataSettings& data,
                       const Switches& switches);

/// Throws Error where a value stands twice in the list of that key.
template <class Value>
void refuse_twins(const TomlSource& source, const char* key, std::vector<Value> values) {
  std::sort(values.begin(), values.end());
  if (std::adjacent_find(values.begin(), values.end()) != values.end())
    throw expected(source.where(key), "different values", "the same one twice");
}

}  // namespace danas
