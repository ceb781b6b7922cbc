#include "nas/training_log.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/number.hpp"

namespace danas {

namespace {

template <class Number>
Number entry(const Metadata& metadata, const std::string& key, const std::string& where) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw expected(where, "the metadata key " + key, "none");
  return parse_number<Number>(found->second, where);
}

}  // namespace

TrainingLog::TrainingLog(const Training& training, std::int64_t steps, std::function<void(const TrainingRow&)> write)
    : training_(training), steps_(steps), interval_(std::clamp<std::int64_t>(steps / 10, 1, 50)),
      write_(std::move(write)) {}

void TrainingLog::add(const StepReport& report) {
  ++count_;
  loss_ += report.loss;
  accuracy_ += report.accuracy;
  const std::int64_t done = report.step + 1;
  if (done % interval_ != 0 && done != steps_) return;
  const auto count = static_cast<double>(count_);
  write_({training_, done, loss_ / count, accuracy_ / count, report.learning_rate, seconds()});
  count_ = 0;
  loss_ = accuracy_ = 0;
}

Metadata TrainingLog::state() const {
  return {{"log_count", fmt::format("{}", count_)},
          {"log_loss", fmt::format("{}", loss_)},
          {"log_accuracy", fmt::format("{}", accuracy_)},
          {"log_seconds", fmt::format("{}", seconds())}};
}

void TrainingLog::restore(const Metadata& metadata, const std::string& where) {
  count_ = entry<std::int64_t>(metadata, "log_count", where);
  loss_ = entry<double>(metadata, "log_loss", where);
  accuracy_ = entry<double>(metadata, "log_accuracy", where);
  before_ = entry<double>(metadata, "log_seconds", where);
}

}  // namespace danas
