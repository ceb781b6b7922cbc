#include "nn/cost.hpp"

#include "nn/slice_step.hpp"
#include "nn/steps.hpp"

namespace danas {

namespace {

class CountedBatch {
 public:
  CountedBatch(CostBackend& backend, const LayerList& layers, std::int64_t count)
      : images_(backend, count, input_of(layers).height, input_of(layers).width, input_of(layers).channels),
        labels_(backend, View{Type::i32, nullptr, count, 1, 1, 1}), classes_(classes_of(layers)) {}
  Batch batch() const { return {images_.view(), labels_.view(), classes_}; }
  std::size_t bytes() const { return images_.view().bytes() + labels_.view().bytes(); }

 private:
  Tensor images_, labels_;
  int classes_;
};

}  // namespace

TrainingCost training_cost(const LayerList& layers, const TrainingSettings& settings, CostBackend& backend) {
  TrainingCost cost;
  const Network network(backend, layers);
  Optimizer optimizer(backend, network, settings);
  cost.weight_bytes = backend.peak_bytes();
  const CountedBatch batch(backend, layers, settings.batch);
  cost.batch_bytes = batch.bytes();
  Arena arena(backend);
  TrainingStep step(arena, network, optimizer, 0);
  backend.forget();
  step.run(batch.batch());
  cost.step = backend.cost();
  cost.arena_bytes = arena.peak_bytes();
  return cost;
}

TrainingCost slices_cost(const LayerList& layers, const std::vector<std::vector<LayerList>>& steps,
                         const TrainingSettings& settings, CostBackend& backend) {
  TrainingCost cost;
  Network network(backend, layers);
  Optimizer optimizer(backend, network, settings);
  const CountedBatch batch(backend, steps.front().front(), settings.batch);
  cost.batch_bytes = batch.bytes();
  Arena arena(backend);
  SliceStep step(arena, network, optimizer, 0, settings.distill);
  backend.forget();
  for (const std::vector<LayerList>& networks : steps) step.run(networks, batch.batch());
  cost.step = backend.cost();
  cost.arena_bytes = arena.peak_bytes();
  cost.weight_bytes = backend.peak_bytes() - cost.arena_bytes - cost.batch_bytes;
  return cost;
}

TrainingCost training_cost(const LayerList& layers, const TrainingSettings& settings) {
  CostBackend backend;
  return training_cost(layers, settings, backend);
}

std::size_t training_arena(const LayerList& layers, std::int64_t images, const Backend& like) {
  CostBackend backend(like);
  TrainingSettings settings;
  settings.batch = static_cast<int>(images);
  return training_cost(layers, settings, backend).arena_bytes;
}

std::size_t recalibration_cost(const LayerList& layers, std::int64_t images, CostBackend& backend) {
  const Network network(backend, layers);
  const CountedBatch batch(backend, layers, images);
  Arena arena(backend);
  RecalibrationStep step(arena, network, layers);
  backend.forget();
  step.run(batch.batch());
  return arena.peak_bytes();
}

std::size_t recalibration_arena(const LayerList& slice, std::int64_t images, const Backend& like) {
  CostBackend backend(like);
  return recalibration_cost(slice, images, backend);
}

std::size_t evaluation_cost(const LayerList& layers, std::int64_t images, CostBackend& backend) {
  const Network network(backend, layers);
  const CountedBatch batch(backend, layers, images);
  Arena held(backend), arena(backend);
  EvaluationStep step(held, arena, network, layers);
  backend.forget();
  step.run(batch.batch());
  return arena.peak_bytes();
}

std::size_t evaluation_arena(const LayerList& slice, std::int64_t images, const Backend& like) {
  CostBackend backend(like);
  return evaluation_cost(slice, images, backend);
}

Cost inference_cost(const LayerList& layers) {
  CostBackend backend;
  const Network network(backend, layers);
  Arena arena(backend);
  const FoldedNetwork folded(backend, arena, layers, network.parameters(layers, false));
  const CountedBatch batch(backend, layers, 1);
  const View logits = arena.take(1, 1, 1, classes_of(layers));
  backend.forget();
  folded.run(arena, batch.batch().images, logits);
  return backend.cost();
}

double training_work(const LayerList& layers, const TrainingSettings& settings) {
  return training_cost(layers, settings).step.products * static_cast<double>(settings.steps);
}

double evaluation_work(const LayerList& layers, double images) { return inference_cost(layers).products * images; }

}  // namespace danas
