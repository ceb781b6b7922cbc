// What the switches do: runs with some of them beside runs that differ in nothing else.
#pragma once

#include <string>
#include <vector>

#include "report/comparison.hpp"

namespace danas::report {

/// Runs with the same switches.
struct Ablation {
  std::string switches;  ///< "keep_statistics, fresh_heads"; empty: none, the first row
  Spread accuracy;       ///< on test, of the best system by what the search chose by
  Spread
      hypervolume;  ///< of the front by test accuracy and by RAM and flash of the deployed network, whatever the switches say
  Verdict more_accurate = Verdict::cannot_be_told, larger = Verdict::cannot_be_told;  ///< than without switches
  /// Kendall's tau of accuracies with those of systems trained from scratch, where the switches act on weights or their use.
  Spread tau = {};
};

/// Of data-aware runs on images for the largest device for which there are some with switches and some without; else empty.
std::vector<Ablation> ablation(const Comparison& comparison);

/// Test accuracy, and RAM (eq. 2) and flash (eq. 1) from the layer tables, of the systems on the front that have both.
std::vector<Measures> measured_again(const Run& run);

}  // namespace danas::report
