// Pareto fronts of candidates.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "report/run.hpp"

namespace danas::report {

/// Indices, ascending, of the candidates within the limits that no other one within them dominates in accuracy, RAM
/// and flash; of equal ones the first only.
std::vector<std::size_t> front_within_limits(const std::vector<Candidate>& candidates);

/// Corners (bytes, best accuracy with at most that much), both strictly ascending, over those within the limits.
std::vector<std::pair<long long, double>> staircase(const std::vector<Candidate>& candidates,
                                                    long long Candidate::*bytes);

}  // namespace danas::report
