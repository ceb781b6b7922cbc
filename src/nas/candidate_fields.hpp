// Systems, needs and scores as the fields of a candidate.
#pragma once

#include "data/dataset.hpp"
#include "nas/experiment.hpp"
#include "nas/system.hpp"
#include "nn/metrics.hpp"
#include "results/candidate.hpp"
#include "results/training_table.hpp"

namespace danas {

void set_system(Candidate& candidate, const System& system);
/// What set_system() was given; throws Error at `where` for fields that it never writes.
System system_of(const Candidate& candidate, const std::string& where = "candidate");

/// What every candidate's training is for.
TrainingPhase candidate_phase(const Experiment& experiment);

/// What its system needs, and by how much that exceeds the device's limits.
void set_needs(Candidate& candidate, const Experiment& experiment, int classes);
/// What its network does on the images of a split, and the fitness of that and its needs.
void set_scores(Candidate& candidate, const Metrics& metrics, Split split, const Experiment& experiment);
void set_fitness(Candidate& candidate, const Experiment& experiment);

}  // namespace danas
