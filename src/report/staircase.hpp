// What the lines in the pictures of the front go through.
#pragma once

#include <utility>
#include <vector>

#include "results/candidate.hpp"

namespace danas::report {

/// Corners (value of `need`, best `score` with at most that much), both strictly ascending, over those within the limits.
std::vector<std::pair<long long, double>> staircase(const std::vector<Candidate>& candidates, Measure need,
                                                    Measure score = Measure::accuracy);

}  // namespace danas::report
