#include "nn/slice_step.hpp"

#include "nn/cost.hpp"

namespace danas {

namespace {

// All that the memory of a step depends on.
std::vector<int> extents_of(const LayerList& layers, std::int64_t images) {
  std::vector<int> extents{static_cast<int>(images), input_of(layers).height, input_of(layers).width};
  for (const LayerSpec& layer : layers)
    extents.insert(extents.end(), {layer.out.height, layer.out.width, layer.out.channels, layer.expanded});
  return extents;
}

}  // namespace

SliceStep::SliceStep(Arena& arena, Network& network, Optimizer& optimizer, double batch_norm_momentum, bool distill)
    : arena_(arena), network_(network), optimizer_(optimizer), batch_norm_momentum_(batch_norm_momentum),
      distill_(distill), ignored_(arena.backend(), View{Type::f64, nullptr, 1, 1, 1, 2}) {}

void SliceStep::run(const std::vector<LayerList>& networks, const Batch& batch) {
  for (const LayerList& layers : networks) reserve(layers, batch.images.n);
  if (networks.size() == 1 && networks.front() != network_.layers()) return run_one(networks.front(), batch);
  run_together(networks, batch);
}

void SliceStep::run_one(const LayerList& slice, const Batch& batch) {
  Network copy = network_.gather(slice);
  pass(copy, batch, true);
  optimizer_.step(copy);
  network_.put_back(copy, copy.layers());
}

void SliceStep::run_together(const std::vector<LayerList>& networks, const Batch& batch) {
  Backend& backend = arena_.backend();
  const bool whole_first = networks.front() == network_.layers();
  if (whole_first) pass(network_, batch, true);
  else backend.clear(network_.gradients());
  for (std::size_t i = whole_first ? 1 : 0; i < networks.size(); ++i) {
    const Network copy = network_.gather(networks[i]);
    pass(copy, batch, i == 0);
    if (part_.size() == 0) part_ = Tensor(backend, network_.gradients());
    backend.clear(part_.view());
    network_.scatter(copy, copy.gradients(), part_.view());
    backend.accumulate(part_.view(), 1, network_.gradients());
  }
  optimizer_.step();
}

void SliceStep::pass(const Network& network, const Batch& batch, bool first) {
  network.update_working_copy(arena_.backend());
  const std::int64_t exits = exits_of(network.layers()), all = exits_of(network_.layers());
  TrainingPass(arena_, network, batch_norm_momentum_)
      .run(
          batch,
          [&](std::size_t exit) {
            return first ? optimizer_.sums(exit + static_cast<std::size_t>(all - exits)) : ignored_.view();
          },
          optimizer_.loss_scale(), distillation(batch, first));
}

Distillation SliceStep::distillation(const Batch& batch, bool first) {
  if (!distill_) return {};
  const View answer{arena_.backend().weight_type(), nullptr, batch.images.n, 1, 1, batch.classes};
  if (first && answer_.size() != answer.size()) answer_ = Tensor(arena_.backend(), answer);
  return first ? Distillation{{}, answer_.view()} : Distillation{answer_.view(), {}};
}

// As much as the largest so far takes: an arena gives no more than was reserved.
void SliceStep::reserve(const LayerList& layers, std::int64_t images) {
  const auto [entry, is_new] = needed_.try_emplace(extents_of(layers, images));
  if (is_new) entry->second = training_arena(layers, images, arena_.backend());
  if (entry->second <= reserved_) return;
  arena_.reset();
  arena_.reserve(reserved_ = entry->second);
}

}  // namespace danas
