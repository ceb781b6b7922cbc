#include "nas/fitness.hpp"

namespace danas {

Measures equal_weights() {
  Measures weights;
  for (const FitnessTerm& term : fitness_terms) weights.set(term.measure, 1);
  return weights;
}

double fitness(const Measures& measures, const Measures& limits, const Measures& weights, Penalty penalty) {
  const Measures over = excess(measures, limits);
  const auto within = [&](Measure measure) {
    if (penalty == Penalty::fixed) return over[measure] > 0 ? -4.0 : 1.0;
    return 1 - over[measure] / limits[measure];
  };
  double sum = 0;
  for (const auto& [key, measure] : fitness_terms)
    sum += weights[measure] * (over.has(measure) ? within(measure) : measures[measure]);
  return sum;
}

double relative_excess(const Measures& excess, const Measures& limits) {
  double sum = 0;
  for (const MeasureInfo& each : all_measures)
    if (limits.has(each.measure)) sum += excess[each.measure] / limits[each.measure];
  return sum;
}

}  // namespace danas
