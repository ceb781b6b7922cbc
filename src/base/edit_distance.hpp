// Did you mean … ?
#pragma once

#include <cstddef>
#include <string>

namespace danas {

/// The fewest insertions, deletions and replacements of letters that lead from one word to the other (Levenshtein, 1966).
std::size_t edit_distance(const std::string& a, const std::string& b);

}  // namespace danas
