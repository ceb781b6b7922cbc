// Rows of training.csv: every so many steps the means of loss and accuracy since the row before.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/stopwatch.hpp"
#include "nn/checkpoint.hpp"
#include "nn/trainer.hpp"
#include "results/training_table.hpp"

namespace danas {

class TrainingLog {
 public:
  TrainingLog(const Training& training, std::int64_t steps, std::function<void(const TrainingRow&)> write);

  void add(const StepReport& report);

  /// Sums not written yet, for an unfinished training's state.
  Metadata state() const;
  void restore(const Metadata& metadata, const std::string& where);  ///< `where` they come from, for errors

 private:
  double seconds() const { return before_ + stopwatch_.seconds(); }

  Training training_;
  std::int64_t steps_, interval_, count_ = 0;
  std::function<void(const TrainingRow&)> write_;
  double loss_ = 0, accuracy_ = 0, before_ = 0;
  Stopwatch stopwatch_;
};

}  // namespace danas
