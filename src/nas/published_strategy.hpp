// The published code's generations.
#pragma once

#include <memory>

#include "nas/strategy.hpp"

namespace danas {

/// Winners of tournaments of two breed: the first of them are mutated, in their order; then children of two of them drawn
/// with replacement are put together gene by gene (data, each depth, width), and left out where that is infeasible, so that
/// a population may shrink. Children are proposed last first, systems that were proposed before again.
std::unique_ptr<Strategy> make_published_strategy(const SearchSettings& settings, const SearchSpace& space,
                                                  std::uint64_t seed);

}  // namespace danas
