#include "nas/candidate_fields.hpp"

#include "base/error.hpp"
#include "nas/estimators.hpp"

namespace danas {

void set_system(Candidate& candidate, const System& system) {
  candidate.data = system.data.text();
  candidate.architecture = system.architecture.text();
}

System system_of(const Candidate& candidate, const std::string& where) {
  System system;
  try {
    system = parse_system(candidate.system_text());
  } catch (const Error& error) {
    throw Error(where, error.what());
  }
  if (system.data.text() != candidate.data || system.architecture.text() != candidate.architecture)
    throw expected(where, "a system as 96-monochrome and 2-3-1-0-0 0.5", candidate.data + "," + candidate.architecture);
  return system;
}

TrainingPhase candidate_phase(const Experiment& experiment) {
  return experiment.space.sliced() ? TrainingPhase::finetune : TrainingPhase::scratch;
}

void set_needs(Candidate& candidate, const Experiment& experiment, int classes) {
  const Device& device = experiment.device;
  candidate.measures.set(estimate(system_of(candidate), classes, device.bytes, experiment.switches));
  candidate.violation = excess(candidate.measures, device.limits());
}

void set_fitness(Candidate& candidate, const Experiment& experiment) {
  candidate.fitness = fitness(candidate.measures, experiment.device.limits(), experiment.fitness, experiment.penalty);
}

void set_scores(Candidate& candidate, const Metrics& metrics, Split split, const Experiment& experiment) {
  const auto or_accuracy = [&](double score) { return experiment.switches.one_score ? metrics.accuracy : score; };
  candidate.split = split_name(split);
  candidate.measures.set({{Measure::accuracy, metrics.accuracy},
                          {Measure::precision, or_accuracy(metrics.precision)},
                          {Measure::recall, or_accuracy(metrics.recall)},
                          {Measure::f1, or_accuracy(metrics.f1)}});
  set_fitness(candidate, experiment);
}

}  // namespace danas
