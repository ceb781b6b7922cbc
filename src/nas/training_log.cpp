#include "nas/training_log.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/number.hpp"

namespace danas {

TrainingLog::TrainingLog(const Training& training, std::function<void(const TrainingRow&)> write)
    : training_(training), write_(std::move(write)) {}

void TrainingLog::add(const StepReport& report) {
  if (!report.means) return;
  write_({training_, report.step + 1, report.means->loss, report.means->accuracy, report.learning_rate, seconds()});
}

Metadata TrainingLog::state() const { return {{"log_seconds", fmt::format("{}", seconds())}}; }

void TrainingLog::restore(const Metadata& metadata, const std::string& where) {
  const std::string key = "log_seconds";
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw expected(where, "the metadata key " + key, "none");
  before_ = parse_number<double>(found->second, where);
}

}  // namespace danas
