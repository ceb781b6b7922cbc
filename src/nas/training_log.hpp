// Rows of training.csv: every so many steps the means of loss and accuracy since the row before.
#pragma once

#include <cstdint>

#include "base/stopwatch.hpp"
#include "nas/run_directory.hpp"
#include "nn/checkpoint.hpp"

namespace danas {

class TrainingLog {
 public:
  TrainingLog(RunDirectory& run, const Training& training, std::int64_t steps);

  void add(const StepReport& report);

  /// Sums not written yet, for an unfinished training's state.
  Metadata state() const;
  void restore(const Metadata& metadata);

 private:
  double seconds() const { return before_ + stopwatch_.seconds(); }

  RunDirectory& run_;
  Training training_;
  std::int64_t steps_, interval_, count_ = 0;
  double loss_ = 0, accuracy_ = 0, before_ = 0;
  Stopwatch stopwatch_;
};

}  // namespace danas
