// `danas bench --machine`: what rows of the suite should take on a GPU, by the model of cuda/machine.hpp.
#pragma once

#include <vector>

#include "cli/bench.hpp"
#include "cuda/machine.hpp"

namespace danas {

/// A step of a network's work: the launches of training or evaluation, and the images made of their pixels before.
std::vector<cuda::KernelLaunch> modeled_launches(const LayerList& layers, Work work, int batch, Precision precision);
/// Seconds of the least that the step takes (nn/floor.hpp) at the rates that are assumed to be had, layer by layer the
/// longer of memory and arithmetic.
double floor_seconds(const LayerList& layers, Work work, int batch, const cuda::MachineRates& rates,
                     Precision precision);

/// Tells rows, with their kernels where there is one; throws Error where the machine has no such precision.
void print_model(const std::vector<BenchArguments>& rows);

}  // namespace danas
