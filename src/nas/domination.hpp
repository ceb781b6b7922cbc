// Which systems of a population are better than which: NSGA-II's order (Deb, Pratap, Agarwal, Meyarivan, "A fast and
// elitist multiobjective genetic algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6(2), 2002).
#pragma once

#include <cstddef>
#include <vector>

namespace danas {

struct Standing {
  std::vector<double> values;  ///< more is better in all of them
  double excess = 0;           ///< over limits
};

/// Within limits, `a` is at least as good everywhere and better somewhere; what is within its limits dominates what is not;
/// of two that are not, the one with less excess dominates.
bool dominates(const Standing& a, const Standing& b);

/// Indices, ascending: first of those that none dominates, then of those that only these do, and so on.
std::vector<std::vector<std::size_t>> sort_into_fronts(const std::vector<Standing>& population);

/// For each member of a front, the sum over all values of the gap between its neighbors in shares of the front's range;
/// infinite at the ends of a range. Of equal values the first member counts as the lower one.
std::vector<double> crowding_distances(const std::vector<Standing>& population, const std::vector<std::size_t>& front);

/// All indices, the best first: front by front, in a front the least crowded first, of equal ones the first.
std::vector<std::size_t> best_first(const std::vector<Standing>& population);

}  // namespace danas
