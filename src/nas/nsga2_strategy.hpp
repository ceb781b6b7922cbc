// A search for a whole front: NSGA-II (domination.hpp says whose).
#pragma once

#include <memory>

#include "nas/strategy.hpp"

namespace danas {

/// A generation has as many children as the population; parents and children together are ordered by domination over
/// [search] objectives within the device's limits, then by how crowded they are, and the better half are the next parents.
/// A parent is the better one of two that are drawn. Children are made as those of the genetic strategy, and none is
/// proposed twice.
std::unique_ptr<Strategy> make_nsga2_strategy(const SearchSettings& settings, const SearchSpace& space,
                                              std::uint64_t seed);

}  // namespace danas
