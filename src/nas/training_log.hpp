// Rows of training.csv: the means of loss and accuracy where a training is looked at.
#pragma once

#include <functional>
#include <string>

#include "base/stopwatch.hpp"
#include "nn/checkpoint.hpp"
#include "nn/trainer.hpp"
#include "results/training_table.hpp"

namespace danas {

class TrainingLog {
 public:
  TrainingLog(const Training& training, std::function<void(const TrainingRow&)> write);

  void add(const StepReport& report);

  /// Time so far, for an unfinished training's state.
  Metadata state() const;
  void restore(const Metadata& metadata, const std::string& where);  ///< `where` they come from, for errors

 private:
  double seconds() const { return before_ + stopwatch_.seconds(); }

  Training training_;
  std::function<void(const TrainingRow&)> write_;
  double before_ = 0;  ///< seconds of earlier sessions
  Stopwatch stopwatch_;
};

}  // namespace danas
