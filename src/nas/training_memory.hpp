// Memory of the trainings of an experiment, known before any of them starts.
#pragma once

#include <string>

#include "nas/experiment.hpp"
#include "nn/cost.hpp"

namespace danas {

/// Bytes of a training and of the evaluation that follows it: weights, optimizer, a step, the loader's batches.
double training_bytes(const LayerList& layers, const TrainingSettings& settings, int evaluation_batch);

struct TrainingMemory {
  std::string training;  ///< "supernet 96-rgb, batch 128"
  double bytes = 0;
};

/// Of the supernet's training that needs most.
TrainingMemory largest_supernet_training(const Experiment& experiment, int classes);
/// Of what needs most: a supernet's training, or that of the largest candidate, on every lane where [search] lanes says how
/// many (without, they keep within the supernet's).
TrainingMemory largest_training(const Experiment& experiment, int classes);
/// Throws Error where the training needs more memory than there is for this process.
void check_memory(const TrainingMemory& memory);

}  // namespace danas
