// Synthetic scenes, person or no person: a dataset that needs no download.
#pragma once

#include <cstdint>

#include "data/dataset.hpp"

namespace danas {

/// Scenes drawn from (seed, split, index) alone; even indices show no person, odd ones a person.
class SyntheticDataset : public Dataset {
 public:
  /// Saves the scenes too where settings.save says so. Throws Error on impossible settings or an unwritable folder.
  SyntheticDataset(const DataSettings& settings, std::uint64_t seed);

  Pixels decode(const Sample& sample, int shorter_side = 0) const override;
  std::uint64_t fingerprint() const override;

 private:
  void save(const DataSettings& settings) const;

  int images_, size_;
  std::uint64_t seed_;
};

}  // namespace danas
