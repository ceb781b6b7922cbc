// Whether accuracies as searches saw them rank systems as training from scratch does.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "report/comparison.hpp"
#include "results/rank_correlation.hpp"

namespace danas::report {

/// A difference of two values of tau over the same systems.
struct TauDifference {
  double value = 0;
  Interval interval = {};
};

/// One run's accuracies beside those of the same systems trained from scratch.
struct RankCorrelation {
  Member run, scratch;
  std::size_t systems = 0;                       ///< that both evaluated, the same network once
  double accuracy = 0, scratch_accuracy = 0;     ///< means
  double tau = 0;                                ///< Kendall's
  Interval interval = {};                        ///< 95 %, by the bootstrap over systems
  std::optional<TauDifference> over_plain = {};  ///< of a run with switches: to that without
};

constexpr std::size_t least_ranked = 10;

/// Of every run that has at least so many systems in common with one from scratch on the same data, with the one that it has
/// most with; but for searches that breed. Runs from scratch are compared with those before them.
std::vector<RankCorrelation> rank_correlations(const Comparison& comparison);

/// Of a run's accuracies as the search saw them with those after final training.
struct FinalRanks {
  std::size_t systems = 0;
  double tau = 0;
  Interval interval = {};
};
constexpr std::size_t least_final = 5;
/// Over the systems that were trained further; none where those are fewer than least_final.
std::optional<FinalRanks> final_ranks(const Run& run);

}  // namespace danas::report
