#include "nas/slice_schedule.hpp"

#include <algorithm>

#include "nas/candidate_fields.hpp"
#include "nn/cost.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

namespace {

constexpr std::int64_t sampled_steps = 32;

bool fits(const System& system, const Experiment& experiment, int classes) {
  Candidate candidate;
  set_system(candidate, system);
  set_needs(candidate, experiment, classes);
  return candidate.fits();
}

}  // namespace

SliceSchedule::SliceSchedule(const Experiment& experiment, const DataConfiguration& data, int classes)
    : experiment_(experiment), data_(data),
      supernet_(supernet_layers(data.input(), experiment.space.slices().most_blocks(), classes)) {
  if (experiment.slices.scheme == SupernetScheme::full) return;
  for (const std::array<int, 5>& depth : experiment.space.slices().depths())
    for (const double width : experiment.space.slices().widths()) {
      all_.push_back({depth, width});
      if (fits({data, all_.back()}, experiment, classes)) fitting_.push_back(all_.back());
    }
}

SliceSource SliceSchedule::source() const {
  if (experiment_.slices.scheme == SupernetScheme::full) return {};
  return [this](std::int64_t step) { return networks(step); };
}

std::vector<LayerList> SliceSchedule::networks(std::int64_t step) const {
  Random random(experiment_.seed, "slices " + data_.text(), static_cast<std::uint64_t>(step));
  switch (experiment_.slices.scheme) {
    case SupernetScheme::full: break;
    case SupernetScheme::random: return {draw(random)};
    case SupernetScheme::alternate:
      if (step % 2 == 0) break;
      return {draw(random)};
    case SupernetScheme::sandwich: {
      LayerList first = draw(random), second = draw(random);
      return {supernet_, smallest(), std::move(first), std::move(second)};
    }
  }
  return {supernet_};
}

LayerList SliceSchedule::draw(Random& random) const {
  const bool among_fitting = random.uniform() < experiment_.slices.fitting && !fitting_.empty();
  const std::vector<Slice>& among = among_fitting ? fitting_ : all_;
  return slice_layers(supernet_, among[random.below(among.size())]);
}

LayerList SliceSchedule::smallest() const {
  return slice_layers(supernet_, *std::ranges::min_element(all_, {}, [](const Slice& slice) {
                        const auto& depth = slice.depth;
                        return std::pair(slice.width, depth[0] + depth[1] + depth[2] + depth[3] + depth[4]);
                      }));
}

double SliceSchedule::work() const {
  if (experiment_.slices.scheme == SupernetScheme::full) return training_work(supernet_, experiment_.supernet);
  double work = 0;
  for (std::int64_t step = 0; step < sampled_steps; ++step)
    for (const LayerList& layers : networks(step)) work += training_work(layers, experiment_.supernet);
  return work / static_cast<double>(sampled_steps);
}

}  // namespace danas
