#include "results/campaign_table.hpp"

#include <fmt/core.h>

#include "base/csv.hpp"
#include "base/file.hpp"

namespace danas {

namespace {

const CsvFields columns{"folder", "label", "seed"};

}  // namespace

void write_campaign(const CampaignFiles& files, const std::vector<CampaignRow>& rows) {
  std::string table = csv_line(columns);
  for (const CampaignRow& row : rows) table += csv_line({row.folder, row.label, fmt::format("{}", row.seed)});
  write_file(files.list(), table);
}

std::vector<CampaignRow> read_campaign_rows(const CampaignFiles& files) {
  const CsvTable table = CsvTable::read(files.list());
  table.require_columns(columns);
  std::vector<CampaignRow> rows;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string& folder = table.text(row, 0);
    if (folder.empty() || folder[0] == '.' || folder.find('/') != folder.npos)
      throw table.unexpected(row, 0, "the name of a folder");
    rows.push_back({folder, table.text(row, 1), table.count(row, 2)});
  }
  return rows;
}

}  // namespace danas
