// A candidate: one evaluated system, and its row in candidates.csv.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/csv.hpp"
#include "nas/fitness.hpp"
#include "nn/architecture.hpp"

namespace danas {

/// How a candidate's row came about.
enum class Outcome {
  evaluated,
  twin,       ///< the same network as `twin_of`, whose results it has
  diverged,   ///< its training did, or that of its twin: metrics of 0, never on the front
  fallback    ///< after final training only: that diverged, so this is the fine-tuned network
};
const char* outcome_name(Outcome outcome);   ///< as in the column status

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
  std::int64_t twin_of = 0;            ///< id; 0: the first of its network
  Outcome outcome = Outcome::evaluated;

  bool competes() const { return violation.none() && outcome != Outcome::diverged; }
  Point point() const { return {metrics.accuracy, resources.ram_bytes, resources.flash_bytes}; }
};

/// Columns of candidates.csv; numbers but the times are written so that they read back exactly.
const CsvFields& candidate_columns();
CsvFields candidate_fields(const Candidate& candidate);
/// `where` names file and line in errors.
Candidate parse_candidate(const CsvFields& fields, const std::string& where);
/// Fields of a row in the order of candidate_columns(), found by name; columns that older versions did not have may be
/// missing and get what those versions meant. Throws Error where another one is missing.
CsvFields candidate_row(const CsvTable& table, std::size_t row);

/// Indices of the candidates within the limits that no other one within the limits dominates; of equal ones the first.
std::vector<std::size_t> front_within_limits(const std::vector<Candidate>& candidates);

}  // namespace danas
