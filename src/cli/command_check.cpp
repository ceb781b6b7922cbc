#include <algorithm>
#include <cstdio>
#include <numeric>
#include <fmt/core.h>

#include "base/random.hpp"
#include "base/units.hpp"
#include "cli/campaign.hpp"
#include "cli/check_images.hpp"
#include "cli/check_model.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "cli/time_estimate.hpp"
#include "nas/campaign.hpp"
#include "nas/distinct_networks.hpp"
#include "nas/estimators.hpp"
#include "nas/supernet_group.hpp"
#include "nas/system_trainer.hpp"
#include "nas/training_memory.hpp"

namespace danas {
namespace {

constexpr std::int64_t most_counted = 50000;  // of larger spaces, systems drawn stand for all

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

void print_time(const Experiment& experiment, const TrainedNetworks& networks, const TimeEstimate& estimate) {
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
  const TrainedNetworks networks = trained_networks(experiment, classes, *backend);
  const SpeedModel speed(*backend, networks);
  const ImageStore store(dataset, experiment.data, image_use(experiment, search_draws(experiment)));
  print_images(experiment, store, [&](const DataConfiguration& data) {
    const double images = SpeedModel::images_of(networks.settings);
    double seconds = 0, trained = 0;
    if (experiment.space.sliced() && images > 0)
      return images / speed.supernet_seconds(experiment, {data.text(), {data}}, classes);
    for (const LayerList& layers : networks.candidates)
      if (input_of(layers) == data.input()) {
        seconds += speed.training_seconds(layers, networks.settings);
        trained += images;
      }
    return trained > 0 ? trained / seconds : 0;
  });
  print_time(experiment, networks, estimate_time(experiment, *dataset, networks, speed));
  fmt::print("{:<22} {}\n", "measured on", backend->name());
  return 0;
}

}  // namespace danas
