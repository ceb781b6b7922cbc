#include "nas/training_memory.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/units.hpp"
#include "data/batch_pipeline.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

namespace {

TrainingMemory larger(TrainingMemory one, TrainingMemory other) {
  return other.bytes > one.bytes ? std::move(other) : std::move(one);
}

// The most images of less than the batch that fit; 0: not one.
int fitting_batch(const TrainingMemory& memory, double usable) {
  int fits = 0, too_many = memory.batch;
  while (too_many - fits > 1) {
    const int middle = fits + (too_many - fits) / 2;
    (memory.with_batch(middle) <= usable ? fits : too_many) = middle;
  }
  return fits;
}

}  // namespace

double training_bytes(const LayerList& layers, const TrainingSettings& settings, int evaluation_batch,
                      const Backend& like) {
  CostBackend backend(like);
  const TrainingCost cost = training_cost(layers, settings, backend);
  const double batch = std::max(static_cast<double>(cost.batch_bytes),
                                static_cast<double>(input_of(layers).elements()) * evaluation_batch * sizeof(float));
  return static_cast<double>(cost.weight_bytes + cost.arena_bytes) + BatchPipeline::ring * batch;
}

TrainingMemory training_memory(const std::string& name, const LayerList& layers, const TrainingSettings& settings,
                               int evaluation_batch, const Backend& like, int lanes) {
  const std::string side_by_side = lanes == 1 ? "" : fmt::format(", {} lanes", lanes);
  const auto with_batch = [=, &like](int batch) {
    TrainingSettings own = settings;
    own.batch = batch;
    own.micro_batch = 0;
    return lanes * training_bytes(layers, own, evaluation_batch, like);
  };
  return {fmt::format("{}, batch {}{}", name, settings.batch, side_by_side),
          lanes * training_bytes(layers, settings, evaluation_batch, like), settings.batch, with_batch};
}

TrainingMemory largest_supernet_training(const Experiment& experiment, int classes, const Backend& like) {
  TrainingMemory largest;
  for (const DataConfiguration& data : experiment.space.data_configurations())
    largest = larger(largest, training_memory("supernet " + data.text(),
                                              supernet_layers(data, experiment.space.most_blocks(), classes),
                                              experiment.supernet, experiment.search.evaluation_batch, like));
  return largest;
}

TrainingMemory largest_training(const Experiment& experiment, int classes, const Backend& like) {
  TrainingMemory largest = largest_supernet_training(experiment, classes, like);
  const SearchSpace& space = experiment.space;
  for (const DataConfiguration& data : space.data_configurations()) {
    const System system{data, {space.most_blocks(), space.widths().back()}};
    for (const TrainingSettings* settings : {&experiment.finetune, &experiment.final_training})
      largest = larger(largest,
                       training_memory("system " + system.text(), system_layers(system, classes), *settings,
                                       experiment.search.evaluation_batch, like, experiment.search.lanes.value_or(1)));
  }
  return largest;
}

void check_memory(const TrainingMemory& memory, double usable) {
  if (memory.bytes <= usable) return;
  const int fits = fitting_batch(memory, usable);
  const std::string advice =
      fits < 2 ? "no batch of it fits"
               : fmt::format("lower its batch, or set engine.micro_batch, to at most {} images", fits);
  throw expected(memory.training, fmt::format("a training within {}, all the memory there is", mib_text(usable)),
                 fmt::format("one of {}: {}", mib_text(memory.bytes), advice));
}

}  // namespace danas
