// Figures 6 and 7: how searches get on.
#pragma once

#include <vector>

#include "report/comparison.hpp"
#include "report/paper_figures.hpp"

namespace danas::report {

constexpr std::size_t averaged_systems = 25;  // as in the paper

/// The mean fitness of each system and those before it, `averaged_systems` in all: a value for every system from that one on.
std::vector<double> averaged_fitness(const Run& run);
/// Rows, in order, of the systems that are on the front of all that the search evaluated.
std::vector<std::size_t> front_rows(const Run& run);

/// Of runs with enough systems.
std::vector<Figure> fitness_figures(const std::vector<Member>& members);
/// The share of its front that each search had found.
std::vector<Figure> found_figures(const std::vector<Member>& members);

}  // namespace danas::report
