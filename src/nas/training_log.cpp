#include "nas/training_log.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/number.hpp"

namespace danas {

TrainingLog::TrainingLog(RunDirectory& run, const Training& training) : run_(run), training_(training) {}

void TrainingLog::add(const StepReport& report) {
  if (!report.means) return;
  run_.append_training(
      {training_, report.step + 1, report.means->loss, report.means->accuracy, report.learning_rate, seconds()});
}

Metadata TrainingLog::state() const { return {{"log_seconds", fmt::format("{}", seconds())}}; }

void TrainingLog::restore(const Metadata& metadata) {
  const std::string where = run_.files().unfinished_supernet().string(), key = "log_seconds";
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw expected(where, "the metadata key " + key, "none");
  before_ = parse_number<double>(found->second, where);
}

}  // namespace danas
