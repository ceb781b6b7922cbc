#include "cli/time_estimate.hpp"

#include <algorithm>
#include <map>

#include "base/random.hpp"
#include "cli/measure.hpp"
#include "nas/prospect.hpp"
#include "nas/system_trainer.hpp"
#include "nas/training_memory.hpp"
#include "nn/cost.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {
namespace {

constexpr double measured_seconds = 0.3;  // per network
constexpr int most_measured_images = 8;   // per step: the largest networks are measured in seconds, not minutes
constexpr int sampled_systems = 200;      // for the mean cost of a candidate

/// Mean seconds to train, recalibrate and evaluate one of the systems that are trained.
double trained_seconds(const Experiment& experiment, const Dataset& dataset, const TrainedNetworks& networks,
                       const SpeedModel& speed, const TrainingSettings& settings) {
  const auto train = static_cast<std::int64_t>(dataset.samples(Split::train).size());
  const auto compared = static_cast<std::int64_t>(dataset.samples(experiment.selection_split()).size());
  const std::int64_t recalibrated =
      experiment.switches.keep_statistics ? 0 : std::min(experiment.search.recalibration_images, train);
  const auto evaluated = static_cast<double>(recalibrated + compared);
  double sum = 0;
  for (const LayerList& layers : networks.candidates)
    sum += speed.training_seconds(layers, settings) + speed.seconds(evaluation_work(layers, evaluated), evaluated);
  return sum / std::max(static_cast<double>(networks.candidates.size()), 1.0);
}

}  // namespace

double TrainedNetworks::share_trained() const { return static_cast<double>(candidates.size()) / sampled_systems; }

TrainedNetworks trained_networks(const Experiment& experiment, int classes, const Backend& backend) {
  const SearchSpace& space = experiment.space;
  TrainedNetworks networks;
  networks.settings = space.sliced() ? experiment.supernet : experiment.scratch;
  if (space.sliced())
    for (const DataConfiguration& data : space.data_configurations())
      networks.supernets.push_back(supernet_layers(data.input(), space.slices().most_blocks(), classes));
  Random random(experiment.seed, "check");
  const double memory = candidates_memory(experiment, classes, backend, backend.usable_bytes());
  networks.candidates = Prospects{experiment, classes, backend, memory}.sample(random, sampled_systems);
  return networks;
}

SpeedModel::SpeedModel(Backend& backend, const TrainedNetworks& networks) {
  TrainingSettings measured = networks.settings;
  measured.batch = std::min(measured.batch, most_measured_images);
  std::map<double, LayerList> by_work;
  for (const LayerList& layers : networks.measured())
    by_work.emplace(training_cost(layers, measured).step.products / measured.batch, layers);
  if (by_work.empty()) return;
  const auto& [least, smallest] = *by_work.begin();
  const auto& [most, largest] = *by_work.rbegin();
  low_ = measure(backend, smallest, least, measured.batch);
  high_ = by_work.size() > 1 ? measure(backend, largest, most, measured.batch) : low_;
}

SpeedModel::Point SpeedModel::measure(Backend& backend, const LayerList& layers, double work, int batch) {
  const Speed speed = measure_speed(backend, layers, Work::train, batch, measured_seconds);
  return {work, 1 / speed.images_per_second};
}

double SpeedModel::seconds(double work, double images) const {
  const double x = images > 0 ? work / images : 0;
  if (x <= low_.work || high_.work <= low_.work) return low_.seconds * images * x / low_.work;
  return images * (low_.seconds + (high_.seconds - low_.seconds) * (x - low_.work) / (high_.work - low_.work));
}

double SpeedModel::training_seconds(const LayerList& layers, const TrainingSettings& settings) const {
  return seconds(training_work(layers, settings), images_of(settings));
}

double SpeedModel::supernet_seconds(const Experiment& experiment, const SupernetGroup& group, int classes) const {
  return seconds(GroupSchedule(experiment, group, classes).work(), images_of(experiment.supernet));
}

TimeEstimate estimate_time(const Experiment& experiment, const Dataset& dataset, const TrainedNetworks& networks,
                           const SpeedModel& speed) {
  const int classes = static_cast<int>(dataset.classes().size());
  TimeEstimate estimate;
  for (const SupernetGroup& group : supernet_groups(experiment))
    estimate.supernets.push_back(speed.supernet_seconds(experiment, group, classes));
  // As if none were skipped: those that are breed less and less.
  estimate.system = trained_seconds(experiment, dataset, networks, speed, experiment.candidate_training());
  estimate.final_system = trained_seconds(experiment, dataset, networks, speed, experiment.final_training);
  return estimate;
}

TimeEstimate estimate_time(const Experiment& experiment, const Dataset& dataset, Backend& backend) {
  const TrainedNetworks networks = trained_networks(experiment, static_cast<int>(dataset.classes().size()), backend);
  return estimate_time(experiment, dataset, networks, SpeedModel(backend, networks));
}

double supernet_bytes(const Experiment& experiment, const SupernetGroup& group, int classes) {
  double bytes = 0;
  for (const LayerRow& row :
       layer_rows(supernet_layers(group.largest().input(), experiment.space.slices().most_blocks(), classes)))
    bytes += sizeof(float) * static_cast<double>(row.parameters);
  return bytes;
}

double changed_supernet_bytes(const Experiment& experiment, int classes) {
  if (!experiment.switches.change_supernet) return 0;
  double sum = 0, largest = 0;
  for (const SupernetGroup& group : supernet_groups(experiment)) {
    const double bytes = supernet_bytes(experiment, group, classes);
    sum += bytes;
    largest = std::max(largest, bytes);
  }
  return sum + largest;
}

}  // namespace danas
