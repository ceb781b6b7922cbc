// Rows of training.csv: loss and accuracy of every training, every so many steps.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/csv.hpp"
#include "base/names.hpp"

namespace danas {

/// What a training is for.
enum class TrainingPhase { supernet, finetune, scratch, final };
template <>
inline constexpr std::array names<TrainingPhase>{"supernet", "finetune", "scratch", "final"};

/// One training of a run.
struct Training {
  TrainingPhase phase = TrainingPhase::supernet;
  std::string subject;  ///< the supernet's data configuration, else the system's id

  std::string text() const;  ///< "supernet 96-monochrome", "finetune 3", "scratch 3", "final 3"
  auto operator<=>(const Training&) const = default;
};

struct TrainingRow {
  Training training;
  std::int64_t step = 0;          ///< steps done
  double loss = 0, accuracy = 0;  ///< means since the row before; loss may be nan or inf: training can diverge
  double learning_rate = 0, seconds = 0;
};

CsvFields training_columns();
CsvFields training_fields(const TrainingRow& row);
/// Columns are found by name, others are skipped. Throws Error naming file and line.
std::vector<TrainingRow> read_trainings(const CsvTable& table);

}  // namespace danas
