#include "nn/steps.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace danas {

namespace {

// Some of a view's images.
View images_of(View view, std::int64_t first, std::int64_t count) {
  view.data =
      view.as<std::byte>() + static_cast<std::size_t>(first) * (view.bytes() / static_cast<std::size_t>(view.n));
  view.n = count;
  return view;
}

}  // namespace

TrainingPass::TrainingPass(Arena& arena, const Network& network, const LayerList& slice,
                           std::optional<double> batch_norm_momentum)
    : arena_(arena), slice_(slice), tape_(arena.backend(), arena, batch_norm_epsilon),
      parameters_(network.parameters(slice, true)), batch_norm_momentum_(batch_norm_momentum) {}

void TrainingPass::run(const Batch& batch, const std::function<View(std::size_t exit)>& sums_of, const View& loss_scale,
                       const Distillation& distillation) {
  tape_.begin();
  const Forward forward = forward_training(tape_, slice_, parameters_, batch.images);
  for (std::size_t exit = 0; exit < forward.exits.size(); ++exit) {
    const auto [targets, probabilities] = exit + 1 == forward.exits.size() ? distillation : Distillation{};
    tape_.softmax_cross_entropy(forward.exits[exit], {batch.labels, sums_of(exit), loss_scale, targets, probabilities});
  }
  if (batch_norm_momentum_)
    for (const Tape::Normalization& each : tape_.normalizations())
      arena_.backend().update_running_statistics(each.statistics, *batch_norm_momentum_, each.weights);
  tape_.backward();
}

TrainingStep::TrainingStep(Arena& arena, const Network& network, Optimizer& optimizer, double batch_norm_momentum)
    : backend_(arena.backend()), network_(network), optimizer_(optimizer),
      pass_(arena, network, network.layers(), batch_norm_momentum) {}

void TrainingStep::run(const Batch& batch) {
  network_.update_working_copy(backend_);
  const std::int64_t together = batch.images.n / optimizer_.parts();
  for (std::int64_t part = 0; part < optimizer_.parts(); ++part) {
    pass_.run(
        {images_of(batch.images, part * together, together), images_of(batch.labels, part * together, together),
         batch.classes},
        [&](std::size_t exit) { return optimizer_.sums(exit); }, optimizer_.loss_scale());
    optimizer_.join_part(part);
  }
  network_.clear_masked_gradients(backend_);
  optimizer_.step();
}

RecalibrationStep::RecalibrationStep(Arena& arena, const Network& network, const LayerList& slice)
    : backend_(arena.backend()), arena_(arena), slice_(slice), parameters_(network.parameters(slice, false)) {
  for (const LayerSpec& layer : unfold(slice))
    if (layer.normalized())
      memory_.emplace_back(backend_, View{Type::f64, nullptr, 1, 1, 1, 2 * layer.out.channels + 1});
}

PooledMoments RecalibrationStep::moments(std::size_t normalization) const {
  const View& all = memory_[normalization].view();
  const std::int64_t channels = all.size() / 2;
  const auto part = [&](std::int64_t first, std::int64_t count) {
    return vector_view(all.type, all.as<double>() + first, count);
  };
  return {part(0, channels), part(channels, channels), part(2 * channels, 1)};
}

void RecalibrationStep::run(const Batch& batch) {
  arena_.reset();
  weights_.clear();
  forward_statistics(backend_, arena_, slice_, parameters_, batch.images, [&](const Tape::Normalization& each) {
    backend_.accumulate_moments(each.statistics, each.rows, moments(weights_.size()));
    weights_.push_back(each.weights);
  });
}

void RecalibrationStep::store() {
  for (std::size_t i = 0; i < weights_.size(); ++i) backend_.store_moments(moments(i), weights_[i]);
  for (const BatchNormWeights& each : weights_) {
    check(each.running_mean);
    check(each.running_variance);
  }
}

// What is finite in double may not be in the weights' type.
void RecalibrationStep::check(const View& statistics) const {
  if (const auto value = backend_.first_not_finite(statistics))
    throw Diverged("recalibration", "statistic of a normalization", *value);
}

EvaluationStep::EvaluationStep(Arena& held, Arena& arena, const Network& network, const LayerList& slice)
    : backend_(arena.backend()), arena_(arena), folded_(backend_, held, slice, network.parameters(slice, false)),
      part_(images_at_once(slice)),
      confusion_(backend_, View{Type::f64, nullptr, classes_of(slice), 1, 1, classes_of(slice)}),
      loss_(backend_, View{Type::f64, nullptr, 1, 1, 1, 1}) {}

void EvaluationStep::run(const Batch& batch) {
  arena_.reset();
  const View logits = arena_.take(batch.images.n, 1, 1, confusion_.view().c);
  run_in_parts(folded_, arena_, part_, batch.images, logits);
  backend_.count_predictions(logits, batch.labels, {confusion_.view(), loss_.view()});
}

Metrics EvaluationStep::metrics(int positive_class) const {
  std::vector<double> numbers;
  download_numbers(backend_, confusion_.view(), numbers);
  const ConfusionMatrix confusion(static_cast<int>(confusion_.view().c), {numbers.begin(), numbers.end()});
  Metrics metrics = confusion.metrics(positive_class);
  if (metrics.images == 0) throw expected("evaluation", "at least one image", "none");
  download_numbers(backend_, loss_.view(), numbers);
  metrics.loss = numbers[0] / static_cast<double>(metrics.images);
  return metrics;
}

std::int64_t images_at_once(const LayerList& layers) {
  constexpr std::int64_t most_elements = 8 << 20;
  std::int64_t widest = 1;
  for (const LayerSpec& layer : unfold(layers)) widest = std::max(widest, layer.in.elements() + layer.out.elements());
  return std::max<std::int64_t>(most_elements / widest, 1);
}

void run_in_parts(const FoldedNetwork& network, Arena& scratch, std::int64_t part, const View& images,
                  const View& logits) {
  for (std::int64_t first = 0; first < images.n; first += part) {
    const std::int64_t count = std::min(part, images.n - first);
    network.run(scratch, images_of(images, first, count), images_of(logits, first, count));
  }
}

StepProgram::StepProgram(Backend& backend, Arena& arena, std::function<void(const Batch&)> step,
                         std::function<std::size_t(std::int64_t images)> bytes)
    : backend_(backend), arena_(arena), step_(std::move(step)), bytes_(std::move(bytes)) {}

void StepProgram::run(const Batch& batch) {
  const auto [sized, is_new] = by_images_.try_emplace(batch.images.n);
  auto& [needed, program] = sized->second;
  if (is_new) needed = bytes_(batch.images.n);
  if (batch.images.data != batch_.images.data || batch.labels.data != batch_.labels.data) forget_programs();
  if (needed > reserved_) {
    forget_programs();
    arena_.reset();
    arena_.reserve(reserved_ = needed);
  }
  batch_ = batch;
  if (!program) program = backend_.record([this] { step_(batch_); });
  program->run();
}

void StepProgram::forget_programs() {
  for (auto& [images, sized] : by_images_) sized.program.reset();
}

}  // namespace danas
