// Memory of the trainings of an experiment, known before any of them starts.
#pragma once

#include <functional>
#include <string>

#include "nas/experiment.hpp"
#include "nn/cost.hpp"

namespace danas {

/// Bytes, on a backend like this, of a training and of the evaluation that follows it: weights, optimizer, a step, the
/// batches of the loader, or of a backend's feed with their pixels.
double training_bytes(const LayerList& layers, const TrainingSettings& settings, const Experiment& experiment,
                      const Backend& like);

struct TrainingMemory {
  std::string training;  ///< "supernet 96-rgb, batch 128"
  double bytes = 0;
  int batch = 0;
  std::function<double(int batch)> with_batch;  ///< bytes of the same with so many images at a time
};

/// Of a training, so many of which run side by side.
TrainingMemory training_memory(const std::string& name, const LayerList& layers, const TrainingSettings& settings,
                               const Experiment& experiment, const Backend& like, int lanes = 1);
/// Of the supernet's training that needs most.
TrainingMemory largest_supernet_training(const Experiment& experiment, int classes, const Backend& like);
/// Bytes that the trainings of candidates may take, one or several side by side: those of the largest supernet's; of
/// stacks, which may be of any size, a share of the `usable` ones: one that needs more is not trained.
double candidates_memory(const Experiment& experiment, int classes, const Backend& like, double usable);
/// Of what needs most: a supernet's training, or that of the largest candidate, on every lane where [search] lanes says how
/// many (without, they keep within the supernet's); of stacks what they may take.
TrainingMemory largest_training(const Experiment& experiment, int classes, const Backend& like, double usable);
/// Bytes that images may take (ResidentImages) of a backend's `usable` bytes: half of what its largest training, or the lanes
/// within that, leave; 0 where its memory is the host's.
double resident_bytes(double training_bytes, double usable, const Backend& backend);
/// Throws Error where the training needs more than so many bytes, all that there are, and says what would fit.
void check_memory(const TrainingMemory& memory, double usable);

}  // namespace danas
