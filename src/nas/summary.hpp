// summary.json: what a finished search found, in one JSON object.
#pragma once

#include <string>
#include <vector>

#include "nas/search_context.hpp"

namespace danas {

/// `front` after final training, and the same systems on test. `supernets`: how many were trained.
std::string summary_json(const SearchContext& context, const std::vector<Candidate>& front,
                         const std::vector<Candidate>& tests, std::int64_t supernets);

/// Index of the highest validation accuracy; -1 where there is none.
std::ptrdiff_t best_of(const std::vector<Candidate>& front);
/// The candidate nearest to the limits by the excess over them, relative to each, of those that did not diverge; nullptr
/// where there is none.
const Candidate* closest_to_limits(const std::vector<Candidate>& candidates, const Device& device);

}  // namespace danas
