#include "nas/training_log.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/number.hpp"

namespace danas {

namespace {

const std::string& entry(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw expected("state/supernet.safetensors", "the metadata key " + key, "none");
  return found->second;
}

}  // namespace

TrainingLog::TrainingLog(RunDirectory& run, const Training& training, std::int64_t steps)
    : run_(run), training_(training), steps_(steps),
      interval_(std::clamp<std::int64_t>(steps / 10, 1, 50)) {}

void TrainingLog::add(const StepReport& report) {
  ++count_;
  loss_ += report.loss;
  accuracy_ += report.accuracy;
  const std::int64_t done = report.step + 1;
  if (done % interval_ != 0 && done != steps_) return;
  const auto count = static_cast<double>(count_);
  run_.append_training({training_, done, loss_ / count, accuracy_ / count, report.learning_rate, seconds()});
  count_ = 0;
  loss_ = accuracy_ = 0;
}

Metadata TrainingLog::state() const {
  return {{"log_count", fmt::format("{}", count_)},
          {"log_loss", fmt::format("{}", loss_)},
          {"log_accuracy", fmt::format("{}", accuracy_)},
          {"log_seconds", fmt::format("{}", seconds())}};
}

void TrainingLog::restore(const Metadata& metadata) {
  const std::string where = "state/supernet.safetensors";
  count_ = parse_number<std::int64_t>(entry(metadata, "log_count"), where);
  loss_ = parse_number<double>(entry(metadata, "log_loss"), where);
  accuracy_ = parse_number<double>(entry(metadata, "log_accuracy"), where);
  before_ = parse_number<double>(entry(metadata, "log_seconds"), where);
}

}  // namespace danas
