#include "nas/fitness.hpp"

namespace danas {

Measures equal_weights() {
  Measures weights;
  for (const FitnessTerm& term : fitness_terms) weights.set(term.measure, 1);
  return weights;
}

double fitness(const Measures& measures, const Measures& limits, const Measures& weights) {
  const Measures over = excess(measures, limits);
  double sum = 0;
  for (const auto& [key, measure] : fitness_terms)
    sum += weights[measure] * (over.has(measure) ? 1 - over[measure] / limits[measure] : measures[measure]);
  return sum;
}

}  // namespace danas
