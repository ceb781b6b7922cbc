// What a finished search found, for summary.json.
#pragma once

#include <vector>

#include "nas/search_context.hpp"
#include "results/summary.hpp"

namespace danas {

/// `front` with its scores on test. `supernets`: how many were trained.
Summary summarize(const SearchContext& context, const std::vector<FrontRow>& front, std::int64_t supernets);

/// Data configurations of which no system was evaluated.
std::vector<std::string> untried_data(const SearchSpace& space, const std::vector<Candidate>& candidates);

/// The most accurate on validation; nullptr where there is none.
const FrontRow* best_of(const std::vector<FrontRow>& front);
/// The candidate nearest to the limits by the excess over them, relative to each, of those that did not diverge; nullptr
/// where there is none.
const Candidate* closest_to_limits(const std::vector<Candidate>& candidates, const Measures& limits);

}  // namespace danas
