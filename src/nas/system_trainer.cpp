#include "nas/system_trainer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

#include "base/build.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "nas/supernet_group.hpp"

namespace danas {

namespace {

void check(const std::atomic<bool>* interrupt) {
  if (interrupt != nullptr && *interrupt) throw Error("search", "interrupted", Fault::interrupted);
}

// A backend that computes on the CPU shares it with others: its loader takes no more than its share.
Workers workers_for(const Backend& backend) { return {1, backend.host_memory() ? backend.threads() : 0}; }

template <class Loader>
BatchSource source_of(Loader& loader, const std::atomic<bool>* interrupt) {
  return [&loader, interrupt](std::int64_t) {
    check(interrupt);
    return loader.next();
  };
}

}  // namespace

void prepare_images(const ImageStore& store, const DataConfiguration& data) {
  store.training(data);
  store.recalibration(data);
  store.evaluation(Split::validation, data);
}

SystemTrainer::SystemTrainer(const Experiment& experiment, const ImageStore& store, Backend& backend,
                             ResidentImages& resident, const std::atomic<bool>* interrupt, ImageCounts& counts)
    : experiment_(experiment), store_(store), backend_(backend), resident_(resident), interrupt_(interrupt),
      counts_(counts), trainer_(backend, statistics_momentum(experiment.switches)) {}

Destination SystemTrainer::from(const ImageSet& set, double uses) {
  return {&backend_, backend_.host_memory() ? nullptr : resident_.table(set, uses)};
}

// Training does not end with an Error on an interrupt but by after_step, so that its state can be saved.
std::int64_t SystemTrainer::train(Network& network, Optimizer& optimizer, const TrainingSettings& settings,
                                  const StreamSource& streams, std::int64_t first_step, const AfterStep& after_step,
                                  const SliceSource& slices) {
  std::map<DataConfiguration, std::int64_t> done, left;  // steps
  for (std::int64_t step = 0; step < settings.steps; ++step) ++(step < first_step ? done : left)[streams(step).data];
  std::map<DataConfiguration, TrainingLoader> loaders;
  const BatchSource batches = [&](std::int64_t step) {
    const auto [data, number] = streams(step);
    const auto found = loaders.find(data);
    if (found != loaders.end()) return found->second.next();
    const ImageSet& set = store_.training(data);
    const double images = static_cast<double>(left[data]) * settings.batch;
    return loaders
        .try_emplace(data, set, data.input(), settings.batch, experiment_.data.crop_min_area,
                     stream_number(experiment_.seed, "batches " + std::to_string(number)), done[data],
                     workers_for(backend_), from(set, images / static_cast<double>(set.size())),
                     experiment_.data.balance)
        .first->second.next();
  };
  return trainer_.train(
      network, optimizer, settings, batches, first_step,
      [&](const StepReport& report) {
        counts_.trained += settings.batch;
        return !after_step || after_step(report);
      },
      slices);
}

void SystemTrainer::recalibrate(Network& network, const LayerList& slice, const DataConfiguration& data) {
  const LayerList layers = unfold(slice);
  if (std::none_of(layers.begin(), layers.end(), [](const LayerSpec& layer) { return layer.normalized(); })) return;
  const ImageSet& set = store_.recalibration(data);
  EvaluationLoader loader(set, data.input(), recalibration_batch, Batching::even, workers_for(backend_), from(set, 1));
  trainer_.recalibrate(network, slice, source_of(loader, interrupt_));
}

Metrics SystemTrainer::evaluate(const Network& network, const LayerList& slice, const DataConfiguration& data,
                                Split split) {
  const ImageSet& set = store_.evaluation(split, data);
  EvaluationLoader loader(set, data.input(), experiment_.search.evaluation_batch, Batching::full, workers_for(backend_),
                          from(set, 1));
  const Metrics metrics =
      trainer_.evaluate(network, slice, source_of(loader, interrupt_), store_.dataset().positive_class());
  counts_.evaluated += metrics.images;
  return metrics;
}

ImageUse image_use(const Experiment& experiment, std::int64_t draws) {
  return {draws, experiment.search.recalibration_images, stream_number(experiment.seed, "recalibration"),
          experiment.switches.bilinear_resize};
}

std::int64_t search_draws(const Experiment& experiment) {
  const auto images = [](const TrainingSettings& settings) { return settings.steps * settings.batch; };
  const auto configurations = static_cast<std::int64_t>(experiment.space.data_configurations().size());
  const std::int64_t systems = std::min(experiment.search.systems.value_or(0), experiment.space.size());
  const std::int64_t candidates = images(experiment.candidate_training()) * systems / configurations;
  const auto supernets = static_cast<std::int64_t>(supernet_groups(experiment).size());
  return candidates + images(experiment.supernet) * supernets / configurations;
}

std::uint64_t stream_number(std::uint64_t seed, const std::string& text) {
  Random random(seed, text);
  const std::uint64_t high = random.bits();
  return high << 32 | random.bits();
}

Metadata class_metadata(const DataConfiguration& data, const Dataset& dataset) {
  const auto& classes = dataset.classes();
  return {{"classes", nlohmann::json(classes).dump(-1, ' ', true)},
          {"positive", classes.at(static_cast<std::size_t>(dataset.positive_class()))},
          {"preparation", preparation_name(data)},
          {"version", std::string(version())}};
}

Metadata model_metadata(const System& system, const Dataset& dataset, const Switches& switches) {
  Metadata metadata = class_metadata(system.data, dataset);
  metadata["system"] = system.text();
  if (switches.drop_residuals) metadata["residuals"] = "dropped";
  if (switches.mask_width) metadata["width"] = "masked";
  return metadata;
}

}  // namespace danas
