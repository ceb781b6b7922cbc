// A candidate: one evaluated system, and its row in candidates.csv.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/csv.hpp"
#include "nas/fitness.hpp"

namespace danas {

struct Candidate {
  std::int64_t id = 0, generation = 0;
  std::string origin, parents;         ///< parents as "3" or "3+5"
  System system;
  std::string split = "validation";    ///< what the metrics were taken on
  Metrics metrics;
  Resources resources;
  Violation violation;
  double fitness = 0;
  double train_seconds = 0, eval_seconds = 0, elapsed_seconds = 0;
};

/// Columns of candidates.csv; numbers but the times are written so that they read back exactly.
const CsvFields& candidate_columns();
CsvFields candidate_fields(const Candidate& candidate);
/// `where` names file and line in errors.
Candidate parse_candidate(const CsvFields& fields, const std::string& where);

/// Indices of the candidates within the limits that no other one within the limits dominates.
std::vector<std::size_t> front_within_limits(const std::vector<Candidate>& candidates);

}  // namespace danas
