#include "report/report_runs.hpp"

#include <map>

#include "base/error.hpp"
#include "results/campaign_table.hpp"

namespace danas::report {

namespace {

namespace fs = std::filesystem;

void add_campaign(ReportRuns& result, const CampaignFiles& files) {
  for (const CampaignRow& row : read_campaign_rows(files)) {
    const RunFiles run(files.run(row.folder));
    if (fs::exists(run.candidates())) result.runs.push_back(read_run(run.directory()));
    else result.missing.push_back(row.folder);
  }
}

/// Two directories of one name would be one line in the legend.
void tell_apart(std::vector<Run>& runs) {
  std::map<std::string, int> uses;
  for (const Run& run : runs) ++uses[run.label];
  for (Run& run : runs)
    if (uses[run.label] > 1) run.label = run.files.directory().string();
}

}  // namespace

ReportRuns read_runs(const std::vector<fs::path>& directories) {
  if (directories.empty()) throw expected("report", "at least one run directory", "none");
  ReportRuns result;
  for (const fs::path& directory : directories) {
    const CampaignFiles files(directory);
    if (!fs::exists(files.list())) {
      result.runs.push_back(read_run(directory));
      continue;
    }
    add_campaign(result, files);
    if (directories.size() == 1) result.campaign = directory_label(directory);
  }
  if (result.runs.empty() && result.campaign.empty()) throw expected("report", "runs with systems", "none yet");
  tell_apart(result.runs);
  return result;
}

}  // namespace danas::report
