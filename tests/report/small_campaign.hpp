// Campaigns of run directories so small that what follows from them can be worked out by hand.
#pragma once

#include <fmt/core.h>

#include "report/run.hpp"
#include "results/campaign_table.hpp"
#include "run_directory.hpp"

namespace danas::test {

struct SystemRow {
  double accuracy;
  long long ram, flash;
  bool twin = false;
  std::string architecture = "2-3-1-0-0 0.5", status = "evaluated";
  long long over = 0;  ///< bytes of RAM over the limit
};

/// A row takes ten seconds and 1,000 images; its fitness is ten times its accuracy.
inline std::string row_text(std::size_t number, const SystemRow& row) {
  return fmt::format(
      "{0},0,random,,96-rgb,{9},validation,{1},{1},{1},{1},10,20,{2},{3},{10},0,{4},1,1,{5},{6},{7},{8}\n", number,
      row.accuracy, row.ram, row.flash, 10 * row.accuracy, 10 * number, row.twin ? "1" : "",
      row.twin ? "twin" : row.status, 1000 * number, row.architecture, row.over);
}

inline const std::string small_header = std::string(RunDirectory::candidate_header) + ",twin_of,status,images";

class SmallCampaign {
 public:
  /// `space` is its table in the experiment, and others after it.
  void add(const std::string& label, int seed, const std::string& space, const std::vector<SystemRow>& rows,
           const std::string& device = "ram_kib = 512\nflash_kib = 2048\n", const std::string& kind = "folders") {
    const std::string name = fmt::format("{}-{}", label, seed);
    make_folder(folder_ / name);
    write_rows("candidates.csv", name, rows);
    write_file(
        folder_ / name / "experiment.toml",
        fmt::format("name = \"{}\"\nseed = {}\n[data]\nkind = \"{}\"\npath = \"/data/pets\"\n[space]\n{}[device]\n"
                    "name = \"board\"\n{}",
                    label, seed, kind, space, device));
    rows_.push_back({name, label, seed});
    write_campaign(CampaignFiles(folder_.path()), rows_);
  }

  /// The systems of the last run after final training, by the same ids.
  void train_further(const std::vector<SystemRow>& rows) const {
    make_folder(folder_ / rows_.back().folder / "state");
    write_rows("state/final.csv", rows_.back().folder, rows);
  }

  /// The front of the last run is system 1, tested, of two layers.
  void finish(const SystemRow& row, long long ram, long long flash,
              const std::string& classes = R"("cat", "dog")") const {
    const std::filesystem::path run = folder_ / rows_.back().folder;
    std::string text = row_text(1, row);
    text.pop_back();
    write_file(run / "front.csv", small_header + ",test_accuracy,test_precision,test_recall,test_f1\n" + text +
                                      fmt::format(",{0},{0},{0},{0}\n", row.accuracy));
    write_file(run / "summary.json", R"({"best": {"id": 1}, "data": {"classes": [)" + classes + "]}}");
    make_folder(run / "models");
    write_file(
        run / "models/1.layers.csv",
        "name,kind,in_height,in_width,in_channels,out_height,out_width,out_channels,parameters,parameters_folded,"
        "macs,ram_bytes,flash_bytes\n" +
            fmt::format("a,conv 3x3,1,1,1,1,1,1,1,1,1,{},{}\n", ram, flash / 2) +
            fmt::format("b,conv 3x3,1,1,1,1,1,1,1,1,1,1,{}\n", flash / 2));
  }

  std::vector<report::Run> runs() const {
    std::vector<report::Run> runs;
    for (const CampaignRow& row : rows_) runs.push_back(report::read_run(folder_ / row.folder));
    return runs;
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  void write_rows(const std::string& file, const std::string& run, const std::vector<SystemRow>& rows) const {
    std::string table = small_header + "\n";
    for (std::size_t i = 0; i < rows.size(); ++i) table += row_text(i + 1, rows[i]);
    write_file(folder_ / run / file, table);
  }

  TemporaryFolder folder_;
  std::vector<CampaignRow> rows_;
};

inline const std::string several = "resolution = [64, 96]\ncolor = [\"rgb\"]\nwidth = [0.5, 1.0]\n";
inline const std::string fixed = "resolution = [96]\ncolor = [\"rgb\"]\nwidth = [0.5, 1.0]\n";
inline const std::string stacks = "network = \"layers\"\n" + several;

}  // namespace danas::test
