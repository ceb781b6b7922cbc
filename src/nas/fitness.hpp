// Fitness (eq. 4).
#pragma once

#include "base/names.hpp"
#include "results/measures.hpp"

namespace danas {

/// The terms of eq. 4 in their order, with their keys in [fitness]. A score counts as it is.
struct FitnessTerm {
  const char* key;
  Measure measure;
};
inline constexpr FitnessTerm fitness_terms[] = {{"accuracy", Measure::accuracy},
                                                {"precision", Measure::precision},
                                                {"recall", Measure::recall},
                                                {"ram", Measure::ram_bytes},
                                                {"flash", Measure::flash_bytes}};

/// A weight of 1 for each term.
Measures equal_weights();

/// What a limited measure counts.
enum class Penalty {
  proportional,  ///< 1 − excess / limit: eq. 4
  fixed          ///< 1 within its limit, −4 over it: the layer-based search (published code)
};
template <>
inline constexpr std::array names<Penalty>{"proportional", "fixed"};

/// The terms' weighted sum; `limits` has every term that is no score, `weights` has all.
double fitness(const Measures& measures, const Measures& limits, const Measures& weights,
               Penalty penalty = Penalty::proportional);

/// What eq. 4 takes off for limits that are exceeded, with weights of 1: the sum of each excess in shares of its limit.
double relative_excess(const Measures& excess, const Measures& limits);

}  // namespace danas
