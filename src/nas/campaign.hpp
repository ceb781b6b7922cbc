// Campaigns: experiment files with [[run]] tables, each of which names a base experiment, seeds, and what is different.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nas/experiment.hpp"

namespace danas {

/// One search of a campaign; its experiment has the seed, and the label for a name.
struct CampaignRun {
  std::string label;
  Experiment experiment;

  std::string folder() const;  ///< within the campaign's: "data-aware-2"; with a seed of the search, "random-1-5"
};

struct Campaign {
  std::string name;
  std::vector<CampaignRun> runs;  ///< in the file's order, the seeds of a table one after the other
};

/// Whether the file has [[run]] tables. Throws Error where it is no TOML.
bool is_campaign(const std::filesystem::path& file);

/// `name`, and `seeds` and `set` for all tables; in each [[run]]: `file` (relative to the campaign's), `label` (else the
/// file's stem; none twice), `seeds` (else those for all, else the base experiment's), `search_seeds` (of search.seed: a
/// run for each, which shares all training with the others), `set`: a table of keys or a list of "key=value". What a
/// table sets stands over what is set for all, `overrides` over both. Throws Error naming file, line and key.
Campaign read_campaign(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});

}  // namespace danas
