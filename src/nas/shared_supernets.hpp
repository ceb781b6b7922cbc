// The supernets that runs of a campaign have in common, in a folder of theirs: who comes second takes what the first one
// trained, and is charged what that cost.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "nas/supernet_group.hpp"
#include "results/training_table.hpp"

namespace danas {

/// All that a supernet depends on of an experiment but its data set.
std::string supernet_recipe(const Experiment& experiment, const SupernetGroup& group);

/// Names a supernet by all that its bytes depend on: the dataset's content, the data configurations, its recipe, the seed,
/// the switches that act on supernets, and the build and instruction set that computed it. Whatever else an experiment
/// says stays in unless it is known to leave supernets alone.
std::string supernet_key(const Experiment& experiment, const SupernetGroup& group, const Dataset& dataset,
                         const std::string& instruction_set);

/// Of one supernet.
struct SupernetCost {
  double seconds = 0;
  std::int64_t trained = 0, evaluated = 0;  ///< images
};

/// Files named by keys; a supernet is there once all that belongs to it is. Functions throw Error naming the file.
class SharedSupernets {
 public:
  explicit SharedSupernets(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool has(const std::string& key) const { return std::filesystem::exists(weights(key)); }
  SupernetCost cost(const std::string& key) const;
  std::vector<TrainingRow> rows(const std::string& key) const;  ///< of its training

  /// The file `supernet` becomes the one of that key as well: as a hard link where the file system has them.
  void add(const std::string& key, const std::filesystem::path& supernet, const SupernetCost& cost,
           const std::vector<TrainingRow>& rows) const;
  void take(const std::string& key, const std::filesystem::path& supernet) const;

 private:
  std::filesystem::path weights(const std::string& key) const { return folder_ / (key + ".safetensors"); }
  std::filesystem::path cost_file(const std::string& key) const { return folder_ / (key + ".json"); }
  std::filesystem::path rows_file(const std::string& key) const { return folder_ / (key + ".csv"); }

  std::filesystem::path folder_;
};

}  // namespace danas
