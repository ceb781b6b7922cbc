#include "nas/training_memory.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/units.hpp"
#include "data/batch_pipeline.hpp"
#include "nas/supernet_group.hpp"
#include "nas/system.hpp"
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

// The loader's ring, of the host's memory.
double prepared_bytes(const LayerList& layers, const TrainingCost& cost, int evaluated) {
  const double shown = static_cast<double>(input_of(layers).elements()) * evaluated * sizeof(float);
  return BatchPipeline::ring * std::max(static_cast<double>(cost.batch_bytes), shown);
}

// A batch as the network sees it, and the pixels of those on their way.
double fed_bytes(const LayerList& layers, const TrainingSettings& settings, const Experiment& experiment, Type type) {
  const Extent& input = input_of(layers);
  const auto bytes = [&](int batch, std::size_t pixels) {
    return batch *
           (static_cast<double>(input.elements()) * bytes_of(type) + static_cast<double>(BatchFeed::slots * pixels));
  };
  if (holds_sounds(experiment.data.kind))  // seen whole
    return bytes(std::max(settings.batch, experiment.search.evaluation_batch),
                 static_cast<std::size_t>(input.elements()));
  const Preparation training = Preparation::training(input.height, experiment.data.crop_min_area);
  return std::max(
      bytes(settings.batch, training.largest_crop_bytes()),
      bytes(experiment.search.evaluation_batch, Preparation::evaluation(input.height).largest_crop_bytes()));
}

double held_bytes(const TrainingCost& cost) { return static_cast<double>(cost.weight_bytes + cost.arena_bytes); }

// On their way to it.
double image_bytes(const TrainingCost& cost, const LayerList& layers, const TrainingSettings& settings,
                   const Experiment& experiment, const Backend& like) {
  return like.host_memory() ? prepared_bytes(layers, cost, experiment.search.evaluation_batch)
                            : fed_bytes(layers, settings, experiment, like.activation_type());
}

// Each data configuration's batches wait for the step that draws it.
double supernet_bytes(const Experiment& experiment, const SupernetGroup& group, int classes,
                      const TrainingSettings& settings, const Backend& like) {
  const auto layers_of = [&](const DataConfiguration& data) {
    return supernet_layers(data.input(), experiment.space.slices().most_blocks(), classes);
  };
  const LayerList whole = layers_of(group.largest());
  const GroupSchedule schedule(experiment, group, classes);
  if (!schedule.slices()) return training_bytes(whole, settings, experiment, like);
  double held = 0, images = 0;
  for (std::size_t place = 0; place < group.data.size(); ++place) {
    CostBackend backend(like);
    const TrainingCost cost = slices_cost(whole, schedule.schedule(place).largest_steps(), settings, backend);
    held = std::max(held, held_bytes(cost));
    images += image_bytes(cost, layers_of(group.data[place]), settings, experiment, like);
  }
  return held + images;
}

/// Of a training whose bytes are a function of its settings, so many of which run side by side.
TrainingMemory memory_of(const std::string& name, const TrainingSettings& settings, int lanes,
                         const std::function<double(const TrainingSettings&)>& bytes) {
  const std::string side_by_side = lanes == 1 ? "" : fmt::format(", {} lanes", lanes);
  const auto with_batch = [=](int batch) {
    TrainingSettings own = settings;
    own.batch = batch;
    own.micro_batch = 0;
    return lanes * bytes(own);
  };
  return {fmt::format("{}, batch {}{}", name, settings.batch, side_by_side), lanes * bytes(settings), settings.batch,
          with_batch};
}

}  // namespace

double training_bytes(const LayerList& layers, const TrainingSettings& settings, const Experiment& experiment,
                      const Backend& like) {
  CostBackend backend(like);
  const TrainingCost cost = training_cost(layers, settings, backend);
  return held_bytes(cost) + image_bytes(cost, layers, settings, experiment, like);
}

TrainingMemory training_memory(const std::string& name, const LayerList& layers, const TrainingSettings& settings,
                               const Experiment& experiment, const Backend& like, int lanes) {
  return memory_of(name, settings, lanes, [=, &experiment, &like](const TrainingSettings& own) {
    return training_bytes(layers, own, experiment, like);
  });
}

TrainingMemory largest_supernet_training(const Experiment& experiment, int classes, const Backend& like) {
  TrainingMemory largest;
  for (const SupernetGroup& group : supernet_groups(experiment))
    largest = larger(largest, memory_of("supernet " + group.name, experiment.supernet, 1,
                                        [=, &experiment, &like](const TrainingSettings& own) {
                                          return supernet_bytes(experiment, group, classes, own, like);
                                        }));
  return largest;
}

double candidates_memory(const Experiment& experiment, int classes, const Backend& like, double usable) {
  constexpr double share_for_stacks = 0.75;  // the rest is the images'
  if (experiment.space.sliced()) return largest_supernet_training(experiment, classes, like).bytes;
  return share_for_stacks * usable;
}

TrainingMemory largest_training(const Experiment& experiment, int classes, const Backend& like, double usable) {
  if (!experiment.space.sliced())
    return {
        "larger ones are skipped", candidates_memory(experiment, classes, like, usable), experiment.scratch.batch, {}};
  TrainingMemory largest = largest_supernet_training(experiment, classes, like);
  const SliceSpace& slices = experiment.space.slices();
  for (const DataConfiguration& data : experiment.space.data_configurations()) {
    const System system{data, {slices.most_blocks(), slices.widths().back()}};
    for (const TrainingSettings* settings : {&experiment.finetune, &experiment.final_training})
      largest = larger(largest, training_memory("system " + system.text(),
                                                candidate_layers(system, classes, experiment.switches), *settings,
                                                experiment, like, experiment.search.lanes.value_or(1)));
  }
  return largest;
}

double resident_bytes(double training_bytes, double usable, const Backend& backend) {
  // The rest is for streams, programs, scratch memory of lanes, what lies unused between, and other processes.
  constexpr double share_of_left = 0.5;
  return backend.host_memory() ? 0 : std::max(share_of_left * (usable - training_bytes), 0.0);
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
