// `danas bench --machine`: what rows should take on a GPU, by the model of cuda/machine.hpp.
#pragma once

#include <vector>

#include "cli/bench.hpp"

namespace danas {

/// Tells rows, with their kernels where there is one; throws Error where the machine has no such precision.
void print_model(const std::vector<BenchArguments>& rows);

}  // namespace danas
