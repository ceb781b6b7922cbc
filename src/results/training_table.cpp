#include "results/training_table.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace danas {

namespace {

// What Training::text() writes.
Training read_training(const CsvTable& table, std::size_t row, std::size_t column) {
  const std::string& text = table.text(row, column);
  const std::size_t space = std::min(text.find(' '), text.size());
  const auto phase = find_named<TrainingPhase>(std::string_view(text).substr(0, space));
  if (!phase || space + 1 >= text.size())
    throw table.unexpected(row, column, "a training as supernet 96-monochrome, finetune 3, scratch 3 or final 3");
  return {*phase, text.substr(space + 1)};
}

}  // namespace

std::string Training::text() const { return fmt::format("{} {}", name_of(phase), subject); }

CsvFields training_columns() { return {"training", "step", "loss", "accuracy", "learning_rate", "seconds"}; }

CsvFields training_fields(const TrainingRow& row) {
  return {row.training.text(),
          fmt::format("{}", row.step),
          fmt::format("{}", row.loss),
          fmt::format("{}", row.accuracy),
          fmt::format("{}", row.learning_rate),
          fmt::format("{:.3f}", row.seconds)};
}

std::vector<TrainingRow> read_trainings(const CsvTable& table) {
  const std::size_t training = table.column("training"), step = table.column("step"), loss = table.column("loss"),
                    accuracy = table.column("accuracy"), learning_rate = table.column("learning_rate"),
                    seconds = table.column("seconds");
  std::vector<TrainingRow> rows(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row)
    rows[row] = {read_training(table, row, training), table.count(row, step),           table.measurement(row, loss),
                 table.measurement(row, accuracy),    table.number(row, learning_rate), table.number(row, seconds)};
  return rows;
}

}  // namespace danas
