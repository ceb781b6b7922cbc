#include "nn/cost.hpp"

#include "nn/forward.hpp"

namespace danas {

namespace {

View images_of(CostBackend& backend, const LayerList& layers, std::int64_t count) {
  const Extent& input = input_of(layers);
  View images{backend.real_type(), nullptr, count, input.height, input.width, input.channels};
  images.data = backend.allocate(images.bytes());
  return images;
}

}  // namespace

TrainingCost training_cost(const LayerList& layers, const TrainingSettings& settings) {
  CostBackend backend;
  TrainingCost cost;
  Network network(backend, layers);
  TrainingSettings one_step = settings;
  one_step.steps = 1;
  one_step.warmup = 0;
  Optimizer optimizer(network, one_step);
  cost.weight_bytes = backend.peak_bytes();
  const View images = images_of(backend, layers, settings.batch);
  const Tensor labels(backend, View{Type::i32, nullptr, settings.batch, 1, 1, 1});
  cost.batch_bytes = images.bytes() + labels.view().bytes();
  Trainer trainer(backend);
  backend.forget();
  trainer.train(
      network, optimizer, one_step,
      [&](std::int64_t) {
        return Batch{images, labels.view(), classes_of(layers)};
      },
      0, [&](const StepReport&) { return true; });
  cost.step = backend.cost();
  cost.arena_bytes = trainer.peak_bytes();
  return cost;
}

Cost inference_cost(const LayerList& layers) {
  CostBackend backend;
  const Network network(backend, layers);
  Arena arena(backend);
  const FoldedNetwork folded(backend, arena, layers, network.parameters(layers, false));
  const View images = images_of(backend, layers, 1);
  const View logits = arena.take(1, 1, 1, classes_of(layers));
  backend.forget();
  folded.run(images, logits);
  return backend.cost();
}

double training_work(const LayerList& layers, const TrainingSettings& settings) {
  return training_cost(layers, settings).step.products * static_cast<double>(settings.steps);
}

double evaluation_work(const LayerList& layers, double images) { return inference_cost(layers).products * images; }

}  // namespace danas
