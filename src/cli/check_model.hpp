// `danas check --machine`: how long a whole search should take on a GPU, by the model of cuda/machine.hpp.
#pragma once

#include "cuda/machine.hpp"
#include "data/dataset.hpp"
#include "nas/experiment.hpp"

namespace danas {

/// Tells each phase by what may bind it, both sums, the least that the computing takes, and the kernels that take most.
/// Throws Error where the machine has no such precision.
void print_modeled_search(const Experiment& experiment, const Dataset& dataset, Machine machine, Precision precision);

}  // namespace danas
