#include "nas/slice_schedule.hpp"

#include "nas/estimators.hpp"
#include "nn/cost.hpp"

namespace danas {

SliceSchedule::SliceSchedule(const Experiment& experiment, const DataConfiguration& data, int classes)
    : experiment_(experiment), data_(data), classes_(classes),
      supernet_(supernet_layers(data.input(), experiment.space.slices().most_blocks(), classes)) {
  if (experiment.slices.scheme == SupernetScheme::full) return;
  for (const std::array<int, 5>& depth : experiment.space.slices().depths())
    for (const double width : experiment.space.slices().widths()) {
      all_.push_back({depth, width});
      if (within_limits(excess(needs_of(all_.back()), experiment.device.limits()))) fitting_.push_back(all_.back());
    }
}

SliceSource SliceSchedule::source() const {
  if (experiment_.slices.scheme == SupernetScheme::full) return {};
  return [this](std::int64_t step) { return networks(step); };
}

std::vector<LayerList> SliceSchedule::networks(std::int64_t step) const {
  Random random(experiment_.seed, "slices " + data_.text(), static_cast<std::uint64_t>(step));
  return networks(step, [&]() -> const Slice& { return draw(random); });
}

std::vector<std::vector<LayerList>> SliceSchedule::largest_steps() const {
  const Draw largest = [this]() -> const Slice& { return all_.back(); };
  return {networks(0, largest), networks(1, largest)};
}

std::vector<LayerList> SliceSchedule::networks(std::int64_t step, const Draw& draw) const {
  switch (experiment_.slices.scheme) {
    case SupernetScheme::full: break;
    case SupernetScheme::random: return {layers_of(draw())};
    case SupernetScheme::alternate:
      if (step % 2 == 0) break;
      return {layers_of(draw())};
    case SupernetScheme::sandwich: {
      LayerList first = layers_of(draw()), second = layers_of(draw());
      return {supernet_, layers_of(all_.front()), std::move(first), std::move(second)};
    }
  }
  return {supernet_};
}

const Slice& SliceSchedule::draw(Random& random) const {
  const bool among_fitting = random.uniform() < experiment_.slices.fitting && !fitting_.empty();
  const std::vector<Slice>& among = among_fitting ? fitting_ : all_;
  return among[random.below(among.size())];
}

Measures SliceSchedule::needs_of(const Slice& slice) const {
  return estimate({data_, slice}, classes_, experiment_.device.bytes, experiment_.switches);
}

double SliceSchedule::mean_macs(const std::vector<Slice>& slices) const {
  double sum = 0;
  for (const Slice& slice : slices) sum += needs_of(slice)[Measure::macs];
  return sum / static_cast<double>(slices.size());
}

double SliceSchedule::share_of_full() const {
  const SupernetScheme scheme = experiment_.slices.scheme;
  if (scheme == SupernetScheme::full) return 1;
  const double full = needs_of({experiment_.space.slices().most_blocks(), 1.0})[Measure::macs];
  const double fitting = fitting_.empty() ? 0 : experiment_.slices.fitting;
  double drawn = (1 - fitting) * mean_macs(all_) / full;
  if (fitting > 0) drawn += fitting * mean_macs(fitting_) / full;
  if (scheme == SupernetScheme::random) return drawn;
  if (scheme == SupernetScheme::alternate) return (1 + drawn) / 2;
  return 1 + needs_of(all_.front())[Measure::macs] / full + 2 * drawn;
}

double SliceSchedule::work() const { return share_of_full() * training_work(supernet_, experiment_.supernet); }

}  // namespace danas
