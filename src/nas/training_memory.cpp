#include "nas/training_memory.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/memory.hpp"
#include "base/units.hpp"
#include "data/batch_pipeline.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

namespace {

TrainingMemory larger(const TrainingMemory& largest, const std::string& name, const LayerList& layers,
                      const TrainingSettings& settings, int evaluation_batch, int lanes = 1) {
  const double bytes = lanes * training_bytes(layers, settings, evaluation_batch);
  if (bytes <= largest.bytes) return largest;
  const std::string side_by_side = lanes == 1 ? "" : fmt::format(", {} lanes", lanes);
  return {fmt::format("{}, batch {}{}", name, settings.batch, side_by_side), bytes};
}

}  // namespace

double training_bytes(const LayerList& layers, const TrainingSettings& settings, int evaluation_batch) {
  const TrainingCost cost = training_cost(layers, settings);
  const double batch = std::max(static_cast<double>(cost.batch_bytes),
                                static_cast<double>(input_of(layers).elements()) * evaluation_batch * sizeof(float));
  return static_cast<double>(cost.weight_bytes + cost.arena_bytes) + BatchPipeline::ring * batch;
}

TrainingMemory largest_supernet_training(const Experiment& experiment, int classes) {
  TrainingMemory largest;
  for (const DataConfiguration& data : experiment.space.data_configurations())
    largest = larger(largest, "supernet " + data.text(), supernet_layers(data, experiment.space.most_blocks(), classes),
                     experiment.supernet, experiment.search.evaluation_batch);
  return largest;
}

TrainingMemory largest_training(const Experiment& experiment, int classes) {
  TrainingMemory largest = largest_supernet_training(experiment, classes);
  const SearchSpace& space = experiment.space;
  for (const DataConfiguration& data : space.data_configurations()) {
    const System system{data, {space.most_blocks(), space.widths().back()}};
    for (const TrainingSettings* settings : {&experiment.finetune, &experiment.final_training})
      largest = larger(largest, "system " + system.text(), system_layers(system, classes), *settings,
                       experiment.search.evaluation_batch, experiment.search.lanes.value_or(1));
  }
  return largest;
}

void check_memory(const TrainingMemory& memory) {
  const double usable = usable_memory();
  if (memory.bytes > usable)
    throw expected(memory.training, fmt::format("a training within {}, all the memory there is", mib_text(usable)),
                   fmt::format("one of {}: lower its batch", mib_text(memory.bytes)));
}

}  // namespace danas
