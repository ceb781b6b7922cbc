// Which systems of a search are trained, known before any is.
#pragma once

#include <vector>

#include "nas/experiment.hpp"
#include "results/candidate.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// What a search trains on a backend like `like`, where the trainings of candidates may take `memory` bytes
/// (candidates_memory()).
struct Prospects {
  const Experiment& experiment;
  int classes;
  const Backend& like;
  double memory;

  /// Whether a system is trained (evaluated), or why not (over_limits, no_memory).
  Outcome of(const System& system) const;
  double training_bytes(const System& system) const;
  /// The layers of those that are trained, of so many systems drawn as the first ones of a search are.
  std::vector<LayerList> sample(Random& random, int drawn) const;
};

}  // namespace danas
