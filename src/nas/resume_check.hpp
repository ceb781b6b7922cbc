// Whether a run may be gone on with: by this experiment, this build, these images.
#pragma once

#include <cstdint>

#include "base/build.hpp"
#include "nas/experiment.hpp"
#include "results/run_files.hpp"

namespace danas {

/// Throws Error unless the run began with the same experiment, search.hours, search.systems and search.lanes aside. Keys
/// that its version did not write have their defaults.
void check_same_experiment(const RunFiles& files, const Experiment& experiment);
/// Throws Error unless it began with the same instruction set and, without `any_build`, the same build.
void check_same_build(const RunFiles& files, const Build& build, bool any_build);
/// Throws Error unless it began with these images; `fingerprint` is the dataset's, put on record where none is.
void check_same_images(const RunFiles& files, std::uint64_t fingerprint);

}  // namespace danas
