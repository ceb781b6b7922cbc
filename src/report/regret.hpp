// What searches of a space leave unfound, where another run has evaluated all of it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "report/comparison.hpp"
#include "report/paper_figures.hpp"

namespace danas::report {

/// After how many systems it is told in tables.
constexpr std::array<std::size_t, 3> told_systems{10, 30, 100};

/// One search. Regret: by how much the accuracy of the best system within the limits so far is below that of the best one
/// of all, both as the search saw them.
struct Regret {
  std::vector<double> after;  ///< 1, 2, … systems, the same network again not counted
  /// Of the hypervolume (front_volume()) that the front of all covers, the share after told_systems; none beyond the last
  /// system.
  std::array<std::optional<double>, told_systems.size()> covered;
};

/// Searches by one experiment that differ in seeds.
struct RegretGroup {
  std::string name, strategy;  ///< of the experiment; "genetic"
  std::vector<Regret> searches;

  /// Over the searches that went on so far.
  Spread after(std::size_t systems) const;
  Spread covered(std::size_t told) const;  ///< an index of told_systems
};

/// Of one space.
struct Regrets {
  Member whole;     ///< the exhaustive run
  double best = 0;  ///< its best accuracy within the limits
  std::vector<RegretGroup> groups;
};

/// For every exhaustive run that evaluated its whole space, the other searches of that space, for the same limits, in which
/// each system came to the same accuracy: that share data, supernets and the systems' training. Those without such searches
/// are left out.
std::vector<Regrets> regrets(const Comparison& comparison);

/// Mean regret over the search, a figure for each space: "regret", "regret-2", ….
std::vector<Figure> regret_figures(const std::vector<Regrets>& all);

}  // namespace danas::report
