#include "nn/trainer.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "nn/cost.hpp"
#include "nn/slice_step.hpp"
#include "nn/steps.hpp"

namespace danas {

namespace {

std::string size_text(const View& images) {
  return std::to_string(images.h) + "x" + std::to_string(images.w) + "x" + std::to_string(images.c);
}

void check_images(const LayerList& layers, const View& images, const std::string& where) {
  const Extent& input = input_of(layers);
  if (images.h == input.height && images.w == input.width && images.c == input.channels) return;
  const View own{images.type, nullptr, 1, input.height, input.width, input.channels};
  throw expected(where, "images of " + size_text(own), size_text(images));
}

void check_batch(const LayerList& layers, const Batch& batch, const std::string& where) {
  check_images(layers, batch.images, where);
  if (batch.images.n != batch.labels.size())
    throw expected(where, "a label for each of " + std::to_string(batch.images.n) + " images",
                   std::to_string(batch.labels.size()));
  if (batch.classes != classes_of(layers))
    throw expected(where, "labels of " + std::to_string(classes_of(layers)) + " classes",
                   std::to_string(batch.classes));
}

// The last step's loss was that of the weights before it.
void check_weights(Backend& backend, const Network& network, std::int64_t step) {
  if (const auto value = backend.first_not_finite(network.values()))
    throw Diverged("training", "weight after step " + std::to_string(step), *value);
}

// Runs a pass through a program; the number of batches.
std::int64_t run_pass(StepProgram& program, const LayerList& slice, const BatchSource& batches,
                      const std::string& where) {
  for (std::int64_t step = 0;; ++step) {
    const Batch batch = batches(step);
    if (batch.images.n == 0) return step;
    check_batch(slice, batch, where);
    program.run(batch);
  }
}

}  // namespace

Diverged::Diverged(const std::string& where, const std::string& what, double got)
    : Error(where, "expected a finite " + what + ", got " + std::to_string(got) + ": lower learning_rate",
            Fault::failure) {}

bool finite(Backend& backend, const std::vector<NamedWeight>& weights) {
  return std::none_of(weights.begin(), weights.end(),
                      [&](const NamedWeight& weight) { return backend.first_not_finite(weight.view).has_value(); });
}

Trainer::Trainer(Backend& backend, double batch_norm_momentum)
    : backend_(backend), arena_(backend), held_(backend), batch_norm_momentum_(batch_norm_momentum) {}

std::int64_t Trainer::train(Network& network, Optimizer& optimizer, const TrainingSettings& settings,
                            const BatchSource& batches, std::int64_t first_step,
                            const std::function<bool(const StepReport&)>& after_step, const SliceSource& slices) {
  TrainingStep body(arena_, network, optimizer, batch_norm_momentum_);
  StepProgram program(
      backend_, arena_, [&](const Batch& batch) { body.run(batch); },
      [&](std::int64_t images) { return training_arena(network.layers(), images / optimizer.parts(), backend_); });
  SliceStep slice_step(arena_, network, optimizer, batch_norm_momentum_, settings.distill);
  const std::int64_t interval = interval_of(settings);
  for (std::int64_t step = first_step; step < settings.steps; ++step) {
    // Fixed steps, whatever was resumed: so are the sums, and what ends a training.
    const std::int64_t end = std::min(step - step % interval + interval, settings.steps);
    if (step == first_step || step % interval == 0) optimizer.plan(step, end);
    const Batch batch = batches(step);
    if (batch.images.n == 0) throw expected("training", "images for step " + std::to_string(step), "none");
    const std::vector<LayerList> trained = slices ? slices(step) : std::vector<LayerList>{};
    check_batch(slices ? trained.front() : network.layers(), batch, "training");
    if (slices) slice_step.run(trained, batch);
    else program.run(batch);
    StepReport report{step, learning_rate_at(settings, step), {}};
    const std::int64_t done = step + 1;
    if (done == end) report.means = optimizer.take_means(step % interval + 1, done);
    if (done == settings.steps) check_weights(backend_, network, step);
    if (after_step && !after_step(report)) return done - first_step;
  }
  return std::max<std::int64_t>(settings.steps - first_step, 0);
}

std::int64_t Trainer::train(Network& network, const TrainingSettings& settings, const BatchSource& batches,
                            const std::function<bool(const StepReport&)>& after_step) {
  Optimizer optimizer(backend_, network, settings);
  return train(network, optimizer, settings, batches, 0, after_step);
}

void Trainer::recalibrate(Network& network, const LayerList& slice, const BatchSource& batches) {
  network.update_working_copy(backend_);
  RecalibrationStep body(arena_, network, slice);
  StepProgram program(
      backend_, arena_, [&](const Batch& batch) { body.run(batch); },
      [&](std::int64_t images) { return recalibration_arena(slice, images, backend_); });
  if (run_pass(program, slice, batches, "recalibration") == 0)
    throw expected("recalibration", "at least one image", "none");
  body.store();
}

Metrics Trainer::evaluate(const Network& network, const LayerList& slice, const BatchSource& batches,
                          int positive_class) {
  network.update_working_copy(backend_);
  held_.reset();
  EvaluationStep body(held_, arena_, network, slice);
  StepProgram program(
      backend_, arena_, [&](const Batch& batch) { body.run(batch); },
      [&](std::int64_t images) { return evaluation_arena(slice, images, backend_); });
  run_pass(program, slice, batches, "evaluation");
  return body.metrics(positive_class);
}

View Trainer::predict(const Network& network, const LayerList& slice, const View& images) {
  check_images(slice, images, "prediction");
  network.update_working_copy(backend_);
  held_.reset();
  const View logits = held_.take(images.n, 1, 1, classes_of(slice));
  const FoldedNetwork folded(backend_, held_, slice, network.parameters(slice, false));
  run_in_parts(folded, held_, images_at_once(slice), images, logits);
  return logits;
}

}  // namespace danas
