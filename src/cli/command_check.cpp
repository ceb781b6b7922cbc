#include <algorithm>
#include <cstdio>
#include <map>
#include <numeric>
#include <fmt/core.h>

#include "base/random.hpp"
#include "base/units.hpp"
#include "cli/campaign.hpp"
#include "cli/check_images.hpp"
#include "cli/check_model.hpp"
#include "cli/commands.hpp"
#include "cli/measure.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "cli/time_estimate.hpp"
#include "nas/campaign.hpp"
#include "nas/distinct_networks.hpp"
#include "nas/estimators.hpp"
#include "nas/prospect.hpp"
#include "nas/supernet_group.hpp"
#include "nas/system_trainer.hpp"
#include "nas/training_memory.hpp"
#include "nn/cost.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {
namespace {

constexpr double measured_seconds = 0.3;      // per network
constexpr int most_measured_images = 8;       // per step: the largest networks are measured in seconds, not minutes
constexpr int sampled_systems = 200;          // for the mean cost of a candidate
constexpr std::int64_t most_counted = 50000;  // of larger spaces, systems drawn stand for all

/// What is trained: of a space of slices the supernets; systems that a search may draw.
struct Networks {
  std::vector<LayerList> supernets, candidates;
  TrainingSettings settings;  ///< of the supernets, where there are some, else of the candidates

  /// What the machine is measured by.
  const std::vector<LayerList>& measured() const { return supernets.empty() ? candidates : supernets; }
  /// Of the systems that are drawn; the others are skipped.
  double share_trained() const { return static_cast<double>(candidates.size()) / sampled_systems; }
};

Networks networks_of(const Experiment& experiment, int classes, const Backend& backend) {
  const SearchSpace& space = experiment.space;
  Networks networks;
  networks.settings = space.sliced() ? experiment.supernet : experiment.scratch;
  if (space.sliced())
    for (const DataConfiguration& data : space.data_configurations())
      networks.supernets.push_back(supernet_layers(data.input(), space.slices().most_blocks(), classes));
  Random random(experiment.seed, "check");
  const double memory = candidates_memory(experiment, classes, backend, backend.usable_bytes());
  networks.candidates = Prospects{experiment, classes, backend, memory}.sample(random, sampled_systems);
  return networks;
}

/// Seconds as a line through what was measured on the cheapest and on the dearest network, by the work of an image.
class SpeedModel {
 public:
  SpeedModel(Backend& backend, const std::vector<LayerList>& measured_networks, const TrainingSettings& settings) {
    TrainingSettings measured = settings;
    measured.batch = std::min(settings.batch, most_measured_images);
    std::map<double, LayerList> networks;
    for (const LayerList& layers : measured_networks)
      networks.emplace(training_cost(layers, measured).step.products / measured.batch, layers);
    if (networks.empty()) return;
    low_ = measure(backend, *networks.begin(), measured.batch);
    high_ = networks.size() > 1 ? measure(backend, *networks.rbegin(), measured.batch) : low_;
  }

  /// Of `work` in all, done image by image.
  double seconds(double work, double images) const {
    const double x = images > 0 ? work / images : 0;
    if (x <= low_.work || high_.work <= low_.work) return low_.seconds * images * x / low_.work;
    return images * (low_.seconds + (high_.seconds - low_.seconds) * (x - low_.work) / (high_.work - low_.work));
  }
  double training_seconds(const LayerList& layers, const TrainingSettings& settings) const {
    return seconds(training_work(layers, settings), images_of(settings));
  }

  static double images_of(const TrainingSettings& settings) {
    return static_cast<double>(settings.steps) * settings.batch;
  }

 private:
  struct Point {
    double work = 0, seconds = 0;
  };  ///< of one image

  static Point measure(Backend& backend, const std::pair<const double, LayerList>& network, int batch) {
    const Speed speed = measure_speed(backend, network.second, Work::train, batch, measured_seconds);
    return {network.first, 1 / speed.images_per_second};
  }

  Point low_, high_;
};

void print_data(const Dataset& dataset, const char* items) {
  fmt::print("{:<22}", items);
  for (const auto& name : dataset.classes()) fmt::print(" {:>14}", name);
  fmt::print(" {:>10}\n", "all");
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    std::vector<std::int64_t> counts(dataset.classes().size());
    for (const Sample& sample : dataset.samples(split)) ++counts.at(sample.label);
    fmt::print("  {:<20}", split_name(split));
    for (const auto count : counts) fmt::print(" {:>14}", count);
    fmt::print(" {:>10}\n", dataset.samples(split).size());
  }
  if (dataset.classes().size() == 2)
    print("{:<22} {}\n", "positive class", dataset.classes().at(dataset.positive_class()));
  for (const std::string& note : dataset.notes()) print("{:<22} {}\n", "note", note);
  if (!dataset.problems().empty()) {
    const Problem& first = dataset.problems().front();
    print("{:<22} {} (first: {}: {})\n", "unusable files", dataset.problems().size(), first.file.string(),
          first.reason);
  }
}

double share_that_fits(const Experiment& experiment, int classes) {
  std::int64_t fit = 0;
  const SearchSpace& space = experiment.space;
  const Measures limits = experiment.device.limits();
  const std::int64_t counted = std::min(space.size(), most_counted);
  Random random(experiment.seed, "fits");
  for (std::int64_t i = 0; i < counted; ++i) {
    const System system = counted == space.size() ? space.at(i) : space.sample(random);
    const Measures needs = estimate(system, classes, experiment.device.bytes, experiment.switches);
    fit += within_limits(excess(needs, limits)) ? 1 : 0;
  }
  return static_cast<double>(fit) / static_cast<double>(counted);
}

void print_space(const Experiment& experiment, int classes) {
  const Device& device = experiment.device;
  const SearchSpace& space = experiment.space;
  fmt::print("{:<22} {} systems, {} distinct networks, {} supernets\n", "space", space.size(),
             DistinctNetworks(space, experiment.switches).count(), supernet_groups(experiment).size());
  print("{:<22} {}: {} KiB RAM, {} KiB flash; {} of {} fit\n", "device", device.name, device.ram_kib, device.flash_kib,
        percent_text(share_that_fits(experiment, classes)),
        space.size() > most_counted ? fmt::format("{} systems drawn", most_counted) : "the systems");
}

void print_slices(const Experiment& experiment, int classes) {
  const SupernetScheme scheme = experiment.slices.scheme;
  if (!experiment.space.sliced() || scheme == SupernetScheme::full) return;
  const auto steps = static_cast<double>(experiment.supernet.steps);
  std::string costs;
  for (const DataConfiguration& data : experiment.space.data_configurations())
    costs += fmt::format(", {:.0f} {}", steps * SliceSchedule(experiment, data, classes).share_of_full(), data.text());
  print("{:<22} {}: {} steps have the multiply-adds of so many of the whole network: {}\n", "supernets' slices",
        name_of(scheme), experiment.supernet.steps, costs.substr(2));
}

void print_supernets(const Experiment& experiment, int classes) {
  double bytes = 0;
  for (const SupernetGroup& group : supernet_groups(experiment)) bytes += supernet_bytes(experiment, group, classes);
  const double changed = changed_supernet_bytes(experiment, classes);
  fmt::print("{:<22} {} of disk{}\n", "supernets", mib_text(bytes),
             changed > 0 ? fmt::format(", {} more for those that candidates change", mib_text(changed)) : "");
}

void print_memory(const Experiment& experiment, int classes, const Backend& backend) {
  const TrainingMemory memory = largest_training(experiment, classes, backend, backend.usable_bytes());
  fmt::print("{:<22} {} for the largest training ({}), of {}\n", "memory", mib_text(memory.bytes), memory.training,
             mib_text(backend.usable_bytes()));
}

/// Mean seconds to train, recalibrate and evaluate one of the systems that are trained.
double trained_seconds(const Experiment& experiment, const Dataset& dataset, const Networks& networks,
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

/// Of a supernet of these data configurations.
double supernet_seconds(const Experiment& experiment, const SupernetGroup& group, int classes,
                        const SpeedModel& speed) {
  return speed.seconds(GroupSchedule(experiment, group, classes).work(), SpeedModel::images_of(experiment.supernet));
}

TimeEstimate estimate_of(const Experiment& experiment, const Dataset& dataset, const Networks& networks,
                         const SpeedModel& speed) {
  const int classes = static_cast<int>(dataset.classes().size());
  TimeEstimate estimate;
  for (const SupernetGroup& group : supernet_groups(experiment))
    estimate.supernets.push_back(supernet_seconds(experiment, group, classes, speed));
  // As if none were skipped: those that are breed less and less.
  estimate.system = trained_seconds(experiment, dataset, networks, speed, experiment.candidate_training());
  estimate.final_system = trained_seconds(experiment, dataset, networks, speed, experiment.final_training);
  return estimate;
}

void print_time(const Experiment& experiment, const Networks& networks, const TimeEstimate& estimate) {
  const double supernets = std::accumulate(estimate.supernets.begin(), estimate.supernets.end(), 0.0);
  const bool sliced = experiment.space.sliced();
  fmt::print("{:<22} {}a system {}\n", "estimated time",
             sliced ? fmt::format("all supernets {}, ", duration_text(supernets)) : "", duration_text(estimate.system));
  if (networks.share_trained() < 1)
    fmt::print("{:<22} {} of the systems that are drawn at first are skipped\n", "",
               percent_text(1 - networks.share_trained()));
  const auto& search = experiment.search;
  if (search.systems) {
    const double systems = static_cast<double>(std::min(*search.systems, experiment.space.size()));
    fmt::print("{:<22} {} for {} systems{}\n", "", duration_text(supernets + estimate.system * systems), systems,
               search.hours ? fmt::format(", ended after {} h", *search.hours) : "");
  } else if (search.hours) {
    const double left = *search.hours * 3600 - supernets;
    const std::string reach = left > 0 ? fmt::format("about {:.0f} systems{}", left / estimate.system,
                                                     sliced ? " if every supernet is needed" : "")
                                       : "sooner than every supernet would be trained";
    fmt::print("{:<22} ends after {} h: {}\n", "", *search.hours, reach);
  }
}

}  // namespace

TimeEstimate estimate_time(const Experiment& experiment, const Dataset& dataset, Backend& backend) {
  const Networks networks = networks_of(experiment, static_cast<int>(dataset.classes().size()), backend);
  return estimate_of(experiment, dataset, networks, SpeedModel(backend, networks.measured(), networks.settings));
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

int command_check(const CheckArguments& arguments) {
  if (is_campaign(arguments.experiment.file)) return check_campaign(arguments);
  const Experiment experiment = read_experiment(arguments.experiment.file, arguments.experiment.set);
  const std::shared_ptr<const Dataset> dataset = open_dataset(experiment.data, experiment.seed);
  const int classes = static_cast<int>(dataset->classes().size());
  print("{:<22} {} ({})\n", "experiment", experiment.name, arguments.experiment.file.string());
  print_data(*dataset, items_of(experiment.data.kind));
  print_space(experiment, classes);
  if (experiment.space.sliced()) print_supernets(experiment, classes);
  if (arguments.model) {
    print_modeled_search(experiment, *dataset, *arguments.model, arguments.precision);
    return 0;
  }
  const auto backend = open_backend(arguments.machine, experiment.engine.precision);
  print_memory(experiment, classes, *backend);
  print_slices(experiment, classes);
  const Networks networks = networks_of(experiment, classes, *backend);
  const SpeedModel speed(*backend, networks.measured(), networks.settings);
  const ImageStore store(dataset, experiment.data, image_use(experiment, search_draws(experiment)));
  print_images(experiment, store, [&](const DataConfiguration& data) {
    const double images = SpeedModel::images_of(networks.settings);
    double seconds = 0, trained = 0;
    if (experiment.space.sliced() && images > 0)
      return images / supernet_seconds(experiment, {data.text(), {data}}, classes, speed);
    for (const LayerList& layers : networks.candidates)
      if (input_of(layers) == data.input()) {
        seconds += speed.training_seconds(layers, networks.settings);
        trained += images;
      }
    return trained > 0 ? trained / seconds : 0;
  });
  print_time(experiment, networks, estimate_of(experiment, *dataset, networks, speed));
  fmt::print("{:<22} {}\n", "measured on", backend->name());
  return 0;
}

}  // namespace danas
