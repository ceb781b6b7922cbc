// The report: one offline HTML file from result files alone.
#pragma once

#include <filesystem>
#include <vector>

namespace danas {

/// Reads run directories (interfaces.md: candidates.csv, front.csv, training.csv, experiment.toml, summary.json,
/// models/ID.layers.csv; a run still going or interrupted has only some of them) and writes one HTML file with the
/// charting library inlined. Throws Error naming the file that is missing or broken.
void write_report(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& html);

}  // namespace danas
