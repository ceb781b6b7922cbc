// Rows of training.csv: the means of loss and accuracy where a training is looked at.
#pragma once

#include "base/stopwatch.hpp"
#include "nas/run_directory.hpp"
#include "nn/checkpoint.hpp"

namespace danas {

class TrainingLog {
 public:
  TrainingLog(RunDirectory& run, const Training& training);

  void add(const StepReport& report);

  /// Time so far, for an unfinished training's state.
  Metadata state() const;
  void restore(const Metadata& metadata);

 private:
  double seconds() const { return before_ + stopwatch_.seconds(); }

  RunDirectory& run_;
  Training training_;
  double before_ = 0;  ///< seconds of earlier sessions
  Stopwatch stopwatch_;
};

}  // namespace danas
