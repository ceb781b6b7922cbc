// The report: one offline HTML file from result files alone.
#pragma once

#include <filesystem>
#include <vector>

namespace danas {

/// Reads run directories (results/run_files.hpp: candidates.csv, front.csv, training.csv, experiment.toml, summary.json,
/// models/ID.layers.csv; a run still going or interrupted has only some of them) and writes one HTML file with the
/// charting library inlined; of several, with the paper's figures. The folder of a campaign stands for its runs, and alone
/// gives a page that compares them. Throws Error naming the file that is missing or broken.
void write_report(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& html);

/// The front of each run, and of several runs the paper's figures, each as SVG, PDF and CSV in a folder that is made where it
/// is not there. Returns the files without their endings. Throws as write_report() does.
std::vector<std::filesystem::path> write_figures(const std::vector<std::filesystem::path>& runs,
                                                 const std::filesystem::path& folder);

}  // namespace danas
