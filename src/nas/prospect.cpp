#include "nas/prospect.hpp"

#include "nas/estimators.hpp"
#include "nas/training_memory.hpp"

namespace danas {

// A slice's training takes less than its supernet's.
Outcome Prospects::of(const System& system) const {
  const Device& device = experiment.device;
  if (experiment.search.skip_violators) {
    const Measures needs = estimate(system, classes, device.bytes, experiment.switches);
    if (!within_limits(excess(needs, device.limits()))) return Outcome::over_limits;
  }
  return experiment.space.sliced() || training_bytes(system) <= memory ? Outcome::evaluated : Outcome::no_memory;
}

double Prospects::training_bytes(const System& system) const {
  return danas::training_bytes(candidate_layers(system, classes, experiment.switches), experiment.candidate_training(),
                               experiment, like);
}

std::vector<LayerList> Prospects::sample(Random& random, int drawn) const {
  std::vector<LayerList> trained;
  for (int i = 0; i < drawn; ++i) {
    const System system = experiment.space.sample(random);
    if (of(system) == Outcome::evaluated) trained.push_back(candidate_layers(system, classes, experiment.switches));
  }
  return trained;
}

}  // namespace danas
