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

SliceStep::SliceStep(Arena& arena, const Network& network, Optimizer& optimizer, double batch_norm_momentum,
                     bool distill)
    : arena_(arena), network_(network), optimizer_(optimizer), batch_norm_momentum_(batch_norm_momentum),
      distill_(distill), ignored_(arena.backend(), View{Type::f64, nullptr, 1, 1, 1, 2}) {}

void SliceStep::run(const std::vector<LayerList>& networks, const Batch& batch) {
  for (const LayerList& layers : networks) reserve(layers, batch.images.n);
  network_.update_working_copy(arena_.backend());
  if (networks.size() > 1) return run_together(networks, batch);
  const LayerList& layers = networks.front();
  const bool whole = layers == network_.layers();
  // The loss's scale goes by all gradients.
  if (!whole && optimizer_.loss_scale().present()) arena_.backend().clear(network_.gradients());
  pass(layers, batch, true);
  if (whole) optimizer_.step();
  else optimizer_.step(layers);
}

void SliceStep::run_together(const std::vector<LayerList>& networks, const Batch& batch) {
  Backend& backend = arena_.backend();
  if (sum_.size() == 0) sum_ = Tensor(backend, network_.gradients());
  sum_.clear();
  for (const LayerList& layers : networks) {
    backend.clear(network_.gradients());
    pass(layers, batch, &layers == &networks.front());
    backend.accumulate(network_.gradients(), 1, sum_.view());
  }
  backend.copy(sum_.view(), network_.gradients());
  optimizer_.step();
}

void SliceStep::pass(const LayerList& layers, const Batch& batch, bool first) {
  const std::int64_t exits = exits_of(layers), all = exits_of(network_.layers());
  TrainingPass(arena_, network_, layers, first ? std::optional(batch_norm_momentum_) : std::nullopt)
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
