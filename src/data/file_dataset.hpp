// A dataset whose samples are files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/content.hpp"
#include "data/dataset.hpp"

namespace danas {

class FileDataset : public Dataset {
 public:
  Pixels decode(const Sample& sample, int shorter_side = 0) const override;
  Sound sound(const Sample& sample) const override;
  std::uint64_t fingerprint() const override { return fingerprint_; }

 protected:
  std::vector<Sample>& split(Split split) { return samples_[static_cast<int>(split)]; }
  /// Sets the positive class by name (empty: the last). Throws Error naming the known ones.
  void choose_positive(const std::string& name);
  /// To be called once everything is listed: drops what is no readable file, checks that problems are few and that
  /// every class can be trained. `others` are files that samples are made with.
  void finish(const DataSettings& settings, const Progress& progress, const std::vector<std::string>& others = {});

 private:
  void keep_readable(std::vector<Sample>& samples, const std::vector<FileContent>& contents);
  void check_classes(const char* items);

  std::uint64_t fingerprint_ = 0;
};

}  // namespace danas
