// The runs that a report is of, from the directories that it was given.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/run.hpp"

namespace danas::report {

struct ReportRuns {
  std::vector<Run> runs;             ///< each with a label of its own
  std::vector<std::string> missing;  ///< folders of campaigns' runs without systems yet
  std::string campaign;              ///< the name of the one campaign; empty: other runs too, or several
};

/// Run directories as they are, folders of campaigns as the runs that they list. Throws Error naming what is broken, and
/// where there is none.
ReportRuns read_runs(const std::vector<std::filesystem::path>& directories);

}  // namespace danas::report
