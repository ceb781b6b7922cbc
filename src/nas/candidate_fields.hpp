// Systems and metrics as the fields of a candidate.
#pragma once

#include "data/dataset.hpp"
#include "nn/architecture.hpp"
#include "nn/metrics.hpp"
#include "results/candidate.hpp"

namespace danas {

void set_system(Candidate& candidate, const System& system);
/// What set_system() was given; throws Error at `where` for fields that it never writes.
System system_of(const Candidate& candidate, const std::string& where = "candidate");

void set_scores(Candidate& candidate, const Metrics& metrics, Split split);

}  // namespace danas
