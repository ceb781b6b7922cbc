// Did you mean … ?
#pragma once

#include <cstddef>
#include <string>

namespace danas {

/// The fewest insertions, deletions, replacements and swaps of neighboring letters that lead from one word to the other, no
/// letter being edited twice (Damerau, 1964).
std::size_t edit_distance(const std::string& a, const std::string& b);

}  // namespace danas
