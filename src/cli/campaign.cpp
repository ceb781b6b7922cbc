#include "cli/campaign.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/output.hpp"
#include "cli/search_job.hpp"
#include "cli/session.hpp"
#include "nas/campaign_work.hpp"
#include "nas/run_names.hpp"
#include "report/report.hpp"
#include "results/campaign_table.hpp"
#include "results/run_files.hpp"

namespace danas {
namespace {

namespace fs = std::filesystem;

// A run that ended by the same experiment, its limits included.
bool is_finished(const CampaignRun& run, const RunFiles& files) {
  return fs::exists(files.summary()) && fs::exists(files.report()) && fs::exists(files.experiment()) &&
         read_file(files.experiment()).ends_with("\n" + run.experiment.to_toml());
}

void begin(const CampaignFiles& files, const Campaign& campaign) {
  make_folder(files.directory());
  std::vector<CampaignRow> rows;
  for (const CampaignRun& run : campaign.runs)
    rows.push_back({run.folder(), run.label, static_cast<std::int64_t>(run.experiment.seed)});
  write_campaign(files, rows);
}

// A campaign whose first run could not begin leaves nothing, as a run does.
void remove_untouched(const CampaignFiles& files) {
  for (const auto& entry : fs::directory_iterator(files.directory()))
    if (entry.path() != files.list()) return;
  std::error_code in_use;
  fs::remove_all(files.directory(), in_use);
  fs::remove(runs_folder, in_use);
}

SearchResult run_one(const CampaignRun& run, const CampaignFiles& files, const SearchArguments& arguments,
                     SearchOptions options, const JobPart& part) {
  options.directory = files.run(run.folder());
  options.resume = fs::is_directory(options.directory);
  options.shared_supernets = files.supernets();
  return run_search_job(run.experiment, arguments.machine, options, part);
}

}  // namespace

int run_campaign(const SearchArguments& arguments) {
  const Campaign campaign = read_campaign(arguments.experiment.file, arguments.experiment.set);
  const SearchOptions options = search_options(arguments, campaign.name);
  const std::vector<double> before = shares_before(campaign, *open_backend(arguments.machine));
  const CampaignFiles files(options.directory.empty() ? create_run_directory(campaign.name) : options.directory);
  begin(files, campaign);
  for (std::size_t i = 0; i < campaign.runs.size(); ++i) {
    const CampaignRun& run = campaign.runs[i];
    if (is_finished(run, RunFiles(files.run(run.folder())))) continue;
    const JobPart part{fmt::format("run {} of {}, {}", i + 1, campaign.runs.size(), run.folder()), before[i],
                       before[i + 1]};
    try {
      const SearchResult result = run_one(run, files, arguments, options, part);
      if (result.interrupted) return tell_interrupted(arguments, files.directory());
    } catch (const Error& error) {
      if (error.fault() == Fault::input) remove_untouched(files);
      throw Error(run.folder(), error.what(), error.fault());
    }
  }
  write_report({files.directory()}, files.report());
  print("\ncampaign  {} runs\nfolder    {}\nreport    {}\n", campaign.runs.size(), files.directory().string(),
        files.report().string());
  return 0;
}

}  // namespace danas
