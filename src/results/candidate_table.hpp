// Rows of candidates.csv and front.csv: the one place that knows their columns.
#pragma once

#include <vector>

#include "base/csv.hpp"
#include "results/candidate.hpp"

namespace danas {

/// Columns of candidates.csv. Numbers but the times are written so that they read back exactly.
CsvFields candidate_columns();
CsvFields candidate_fields(const Candidate& candidate);

/// The rows, columns found by name. Columns that older versions did not write may be missing and then mean what those
/// versions meant; those that are not known are skipped. Throws Error naming file and line for another missing column, a
/// broken field or an id that stands twice.
std::vector<Candidate> read_candidates(const CsvTable& table);
/// For who writes the table again: throws Error where a column would be lost.
void refuse_unknown_columns(const CsvTable& candidates);

/// front.csv: the same columns, then the scores on the test split, which may be missing altogether or empty in a row.
CsvFields front_columns();
CsvFields front_fields(const FrontRow& row);
std::vector<FrontRow> read_front(const CsvTable& table);

}  // namespace danas
