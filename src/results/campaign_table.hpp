// The folder of a campaign: its runs' folders, and campaign.csv, which lists them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace danas {

class CampaignFiles {
 public:
  using Path = std::filesystem::path;

  explicit CampaignFiles(Path directory) : directory_(std::move(directory)) {}

  const Path& directory() const { return directory_; }
  Path list() const { return directory_ / "campaign.csv"; }
  Path run(const std::string& folder) const { return directory_ / folder; }
  Path supernets() const { return directory_ / "supernets"; }  ///< that runs have in common
  Path report() const { return directory_ / "report.html"; }

 private:
  Path directory_;
};

/// A row of campaign.csv.
struct CampaignRow {
  std::string folder, label;
  std::int64_t seed = 0;
};

void write_campaign(const CampaignFiles& files, const std::vector<CampaignRow>& rows);
/// Throws Error naming file and line, also for a folder that is none of the campaign's own.
std::vector<CampaignRow> read_campaign_rows(const CampaignFiles& files);

}  // namespace danas
