#include "nas/supernet_group.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace danas {

namespace {

std::string group_name(const Experiment& experiment, const DataConfiguration& data) {
  const bool shared = experiment.slices.shared == SupernetSharing::resolutions;
  return shared ? std::string(color_name(data.image()->color)) : data.text();
}

}  // namespace

std::vector<SupernetGroup> supernet_groups(const Experiment& experiment) {
  std::vector<SupernetGroup> groups;
  if (!experiment.space.sliced()) return groups;
  for (const DataConfiguration& data : experiment.space.data_configurations()) {
    const std::string name = group_name(experiment, data);
    const auto found = std::ranges::find(groups, name, &SupernetGroup::name);
    if (found == groups.end()) groups.push_back({name, {data}});
    else found->data.push_back(data);
  }
  return groups;
}

const SupernetGroup& group_of(const std::vector<SupernetGroup>& groups, const DataConfiguration& data) {
  for (const SupernetGroup& group : groups)
    if (std::ranges::find(group.data, data) != group.data.end()) return group;
  throw expected("search space", "a data configuration of it", data.text());
}

GroupSchedule::GroupSchedule(const Experiment& experiment, SupernetGroup group, int classes)
    : seed_(experiment.seed), group_(std::move(group)) {
  for (const DataConfiguration& data : group_.data) schedules_.emplace_back(experiment, data, classes);
}

std::size_t GroupSchedule::place_at(std::int64_t step) const {
  if (group_.data.size() == 1) return 0;
  return Random(seed_, "resolutions " + group_.name, static_cast<std::uint64_t>(step)).below(group_.data.size());
}

BatchStream GroupSchedule::stream(std::int64_t step) const {
  const DataConfiguration& data = group_.data[place_at(step)];
  return {data, stream_number(seed_, "supernet " + data.text())};
}

SliceSource GroupSchedule::slices() const {
  if (group_.data.size() == 1) return schedules_.front().source();
  return [this](std::int64_t step) { return schedules_[place_at(step)].networks(step); };
}

double GroupSchedule::mean(double (SliceSchedule::*value)() const) const {
  double sum = 0;
  for (const SliceSchedule& schedule : schedules_) sum += (schedule.*value)();
  return sum / static_cast<double>(schedules_.size());
}

double GroupSchedule::share_of_full() const { return mean(&SliceSchedule::share_of_full); }
double GroupSchedule::work() const { return mean(&SliceSchedule::work); }

}  // namespace danas
