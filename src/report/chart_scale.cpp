#include "report/chart_scale.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "report/text.hpp"

namespace danas::report {

namespace {

constexpr double most_ticks = 8;

// 1, 2 or 5 times a power of ten.
double step_of(double range) {
  const double power = std::pow(10, std::floor(std::log10(range / most_ticks)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (range / (factor * power) <= most_ticks) return factor * power;
  return 10 * power;
}

}  // namespace

ChartScale::ChartScale(const Axis& axis, Range values) {
  if (values.empty()) values = {0, 1};
  if (axis.reading == Reading::kibibytes) fit_powers(values);
  else fit_numbers(axis, values);
}

ChartScale::ChartScale(const std::vector<std::string>& places)
    : low_(-0.5), high_(static_cast<double>(places.size()) - 0.5) {
  for (std::size_t i = 0; i < places.size(); ++i) ticks_.emplace_back(i, places[i]);
}

void ChartScale::fit_powers(Range values) {
  powers_ = true;
  low_ = std::log2(std::max(values.low, 64.0)) - 0.3;
  high_ = std::max(std::log2(std::max(values.high, 1.0)) + 0.3, low_ + 1);
  const double stride = std::max(1.0, std::ceil((high_ - low_) / most_ticks));
  for (double power = std::ceil(low_); power <= high_; power += stride)
    ticks_.emplace_back(std::exp2(power), fmt::format("{:g}", std::exp2(power - 10)));
}

void ChartScale::fit_numbers(const Axis& axis, Range values) {
  const bool percent_axis = axis.reading == Reading::percent;
  if (axis.from_zero) values.include(0);
  if (values.high - values.low < 1e-9 * std::max(1.0, std::abs(values.high)))
    values.high = values.low + (percent_axis ? 0.01 : 1);
  const double step = step_of(values.high - values.low), room = axis.from_zero ? 0 : 0.2;
  const auto first = std::llround(std::floor(values.low / step - room));
  const auto last = std::llround(std::ceil(values.high / step + room));
  low_ = static_cast<double>(first) * step;
  high_ = static_cast<double>(last) * step;
  if (percent_axis) {
    low_ = std::max(low_, 0.0);
    high_ = std::min(high_, 1.0);
  }
  for (auto tick = first; tick <= last; ++tick) {
    const double value = static_cast<double>(tick) * step;
    if (value < low_ - step / 1e6 || value > high_ + step / 1e6) continue;
    ticks_.emplace_back(value, percent_axis ? percent(value, step < 0.0099 ? 1 : 0)
                                            : fmt::format("{:g}", std::abs(value) < step / 1e6 ? 0 : value));
  }
}

double ChartScale::share(double value) const {
  const double at = powers_ ? std::log2(std::max(value, 1.0)) : value;
  return (at - low_) / (high_ - low_);
}

}  // namespace danas::report
