// A small run directory on disk, to be spoiled by tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "../temporary_folder.hpp"
#include "base/file.hpp"

namespace danas {

class RunDirectory {
 public:
  static constexpr const char* candidate_header =
      "id,generation,origin,parents,data,architecture,split,accuracy,precision,recall,f1,parameters,macs,ram_bytes,"
      "flash_bytes,ram_violation,flash_violation,fitness,train_seconds,eval_seconds,elapsed_seconds";

  explicit RunDirectory(const std::string& name = "run") : path_(folder_ / name) {
    make_folder(path_ / "models");
    write("candidates.csv", std::string(candidate_header) + '\n' +
                                row("1", "64-rgb", "0-0-0-0-0 0.5", 0.61, 60000, 4802) +
                                row("2", "96-monochrome", "2-3-1-0-0 0.5", 0.72, 90000, 20000) +
                                row("3", "96-rgb", "3-4-3-3-1 1", 0.83, 300000, 2200000, 37856, 1151424) +
                                row("4", "64-rgb", "1-0-0-0-0 0.3", 0.55, 70000, 5000));
    write("experiment.toml", "name = \"pets\"\n[device]\nname = \"STM32F446\"\nram_kib = 256\nflash_kib = 1024\n");
    write("training.csv", "training,step,loss,accuracy,learning_rate,seconds\n"
                          "supernet 96-monochrome,0,0.7,0.5,0.001,0\nsupernet 96-monochrome,10,nan,0.6,0.001,1\n"
                          "finetune 2,0,0.5,0.7,0.001,0\n");
    write("models/2.layers.csv",
          "name,kind,in_height,in_width,in_channels,out_height,out_width,out_channels,parameters,"
          "parameters_folded,macs,ram_bytes,flash_bytes\nstem.conv,conv 3x3,96,96,1,48,48,4,44,40,82944,18432,40\n"
          "blocks.1.depthwise,depthwise 3x3,48,48,24,24,24,24,264,240,124416,90000,240\n");
    write("models/2.safetensors", "model");
  }

  void finish() {
    write("front.csv",
          std::string(candidate_header) + ",test_accuracy,test_precision,test_recall,test_f1\n" +
              tested(row("1", "64-rgb", "0-0-0-0-0 0.5", 0.66, 60000, 4802), ",0.76,0.61,0.59,0.6") +
              tested(row("2", "96-monochrome", "2-3-1-0-0 0.5", 0.75, 90000, 20000), ",0.7371,0.7,0.8,0.75"));
    write("summary.json", R"({"best": {"id": 2}, "systems": 4, "supernets": 3, "images_trained": 1234567,
      "data": {"classes": ["cat", "dog"], "positive": "dog", "train": 6200, "validation": 400, "test": 800,
               "unusable_files": 7},
      "seconds": {"candidates": 61, "data": 2, "extra": 1, "final": 20, "supernets": 90.5, "total": 174.5},
      "version": "0.1.0", "problems": ["cat.jpg: truncated"]})");
  }

  static std::string row(const std::string& id, const std::string& data, const std::string& architecture,
                         double accuracy, long long ram, long long flash, long long ram_violation = 0,
                         long long flash_violation = 0) {
    const std::string a = std::to_string(accuracy);
    return id + ",0,random,," + data + ',' + architecture + ",validation," + a + ',' + a + ',' + a + ',' + a +
           ",5120,1983512," + std::to_string(ram) + ',' + std::to_string(flash) + ',' + std::to_string(ram_violation) +
           ',' + std::to_string(flash_violation) + ",4.5,9.1,1.2,131.555\n";
  }

  void write(const std::string& name, const std::string& content) const { write_file(path_ / name, content); }
  void append(const std::string& name, const std::string& content) const {
    write_file(path_ / name, read_file(path_ / name) + content);
  }
  /// The columns of newer versions, with their fields in each row.
  void add_columns(const std::string& name, const std::vector<std::string>& twins_and_statuses) const {
    std::string table = read_file(path_ / name);
    std::size_t end = table.find('\n');
    table.insert(end, ",twin_of,status");
    for (const std::string& fields : twins_and_statuses) {
      end = table.find('\n', table.find('\n', end) + 1);
      table.insert(end, "," + fields);
    }
    write(name, table);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  static std::string tested(std::string row, const std::string& scores) {
    row.pop_back();
    return row + scores + '\n';
  }

  test::TemporaryFolder folder_;
  std::filesystem::path path_;
};

}  // namespace danas
