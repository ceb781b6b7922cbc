#include "nn/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "nn/forward.hpp"

namespace danas {

namespace {

std::string size_text(const View& images) {
  return std::to_string(images.h) + "x" + std::to_string(images.w) + "x" + std::to_string(images.c);
}

// Labels index memory in the kernels, so that a wrong one must not get there.
void check_batch(const NetworkShape& shape, const Batch& batch, const std::string& where) {
  const View& images = batch.images;
  if (images.h != shape.resolution || images.w != shape.resolution || images.c != shape.channels) {
    const View own{images.type, nullptr, 1, shape.resolution, shape.resolution, shape.channels};
    throw expected(where, "images of " + size_text(own), size_text(images));
  }
  if (images.n != static_cast<std::int64_t>(batch.labels.size())) {
    throw expected(where, "a label for each of " + std::to_string(images.n) + " images",
                   std::to_string(batch.labels.size()));
  }
  for (const std::int32_t label : batch.labels) {
    if (label < 0 || label >= shape.classes) {
      throw expected(where, "labels from 0 to " + std::to_string(shape.classes - 1), std::to_string(label));
    }
  }
}

// The class of the largest logit; the lowest class where two are equal.
int prediction(const View& logits, std::int64_t image) {
  int best = 0;
  for (int k = 1; k < logits.c; ++k) {
    if (get(logits, image * logits.c + k) > get(logits, image * logits.c + best)) best = k;
  }
  return best;
}

// Image by image, so that a pass has the same loss however it is cut into batches.
double cross_entropy(const View& logits, std::int64_t image, std::int32_t label) {
  const auto logit = [&](std::int64_t k) { return get(logits, image * logits.c + k); };
  const double largest = logit(prediction(logits, image));
  double sum = 0;
  for (std::int64_t k = 0; k < logits.c; ++k) sum += std::exp(logit(k) - largest);
  return largest + std::log(sum) - logit(label);
}

double accuracy(const View& logits, std::span<const std::int32_t> labels) {
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < logits.n; ++i) right += prediction(logits, i) == labels[i];
  return static_cast<double>(right) / static_cast<double>(logits.n);
}

Diverged diverged(const std::string& what, double value, std::int64_t step, const TrainingSettings& settings) {
  return Diverged("training", "expected a finite " + what + ", got " + std::to_string(value) + " at step " +
                  std::to_string(step) + ": lower learning_rate (" + std::to_string(settings.learning_rate) + ")",
                  Fault::failure);
}

// The last step's loss was that of the weights before it.
void check_weights(const Network& network, const TrainingSettings& settings) {
  const View& values = network.values();
  for (std::int64_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(get(values, i))) throw diverged("weight", get(values, i), settings.steps, settings);
}

// Mean and variance of a channel over batches (Chan, Golub, LeVeque, 1979).
class PooledMoments {
 public:
  void add(const Tape::Normalization& batch) {
    weights_ = batch.weights;
    const auto channels = static_cast<std::size_t>(batch.statistics.mean.c);
    mean_.resize(channels);
    squares_.resize(channels);
    const auto rows = static_cast<double>(batch.rows), sum = rows_ + rows;
    for (std::size_t c = 0; c < channels; ++c) {
      const auto index = static_cast<std::int64_t>(c);
      const double delta = get(batch.statistics.mean, index) - mean_[c];
      mean_[c] += delta * rows / sum;
      squares_[c] += rows * get(batch.statistics.variance, index) + delta * delta * rows_ * rows / sum;
    }
    rows_ = sum;
  }
  void store() const {
    for (std::size_t c = 0; c < mean_.size(); ++c) {
      set(weights_.running_mean, static_cast<std::int64_t>(c), mean_[c]);
      set(weights_.running_variance, static_cast<std::int64_t>(c), squares_[c] / rows_);
    }
  }

 private:
  BatchNormWeights weights_;
  std::vector<double> mean_, squares_;
  double rows_ = 0;
};

// So many images at a time that their widest layer stays near the caches, and memory small.
std::int64_t images_at_once(const NetworkShape& shape) {
  constexpr std::int64_t most_elements = 8 << 20;
  std::int64_t widest = 1;
  for (const Layer& layer : layers(shape)) {
    const std::int64_t in = std::int64_t{layer.in_height} * layer.in_width * layer.in_channels;
    const std::int64_t out = std::int64_t{layer.out_height} * layer.out_width * layer.out_channels;
    widest = std::max(widest, in + out);
  }
  return std::max<std::int64_t>(most_elements / widest, 1);
}

void run_in_parts(const FoldedNetwork& network, std::int64_t part, const View& images, const View& logits) {
  for (std::int64_t first = 0; first < images.n; first += part) {
    const auto slice = [&](View view) {
      view.data = view.as<std::byte>() + static_cast<std::size_t>(first * view.h * view.w * view.c) * bytes_of(view.type);
      view.n = std::min(part, images.n - first);
      return view;
    };
    network.run(slice(images), slice(logits));
  }
}

}  // namespace

Trainer::Trainer(Backend& backend, double batch_norm_momentum)
    : backend_(backend), arena_(backend), tape_(backend, arena_, batch_norm_epsilon),
      batch_norm_momentum_(batch_norm_momentum) {}

StepReport Trainer::train_step(const Network& network, const NetworkParameters& parameters, const Batch& batch,
                               const TrainingSettings& settings, std::int64_t step) {
  tape_.begin();
  const Forward forward = forward_training(tape_, network.shape(), parameters, batch.images);
  StepReport report{step, 0, 0, learning_rate_at(settings, step)};
  for (const Forward::Exit& exit : forward.exits) {
    report.loss = tape_.softmax_cross_entropy(exit.logits, batch.labels);
    if (!std::isfinite(report.loss)) throw diverged("loss", report.loss, step, settings);
  }
  report.accuracy = accuracy(tape_.view(forward.exits.back().logits), batch.labels);
  tape_.backward();
  for (const Tape::Normalization& each : tape_.normalizations()) {
    backend_.update_running_statistics(each.statistics, batch_norm_momentum_, each.weights);
  }
  return report;
}

std::int64_t Trainer::train(Network& network, Optimizer& optimizer, const TrainingSettings& settings,
                            const BatchSource& batches, std::int64_t first_step,
                            const std::function<bool(const StepReport&)>& after_step) {
  const NetworkShape& shape = network.shape();
  const NetworkParameters parameters = network.parameters(shape, true);
  if (parameters.heads.empty() || parameters.heads.back().stage != shape.exit_stage()) {
    throw expected("training", "a head after stage " + std::to_string(shape.exit_stage()), "none");
  }
  for (std::int64_t step = first_step; step < settings.steps; ++step) {
    const Batch batch = batches(step);
    if (batch.images.n == 0) throw expected("training", "images for step " + std::to_string(step), "none");
    check_batch(shape, batch, "training");
    const StepReport report = train_step(network, parameters, batch, settings, step);
    optimizer.step(step);
    if (after_step && !after_step(report)) return step + 1 - first_step;
  }
  check_weights(network, settings);
  return std::max<std::int64_t>(settings.steps - first_step, 0);
}

std::int64_t Trainer::train(Network& network, const TrainingSettings& settings, const BatchSource& batches,
                            const std::function<bool(const StepReport&)>& after_step) {
  Optimizer optimizer(network, settings);
  return train(network, optimizer, settings, batches, 0, after_step);
}

void Trainer::recalibrate(Network& network, const NetworkShape& slice, const BatchSource& batches) {
  const NetworkParameters parameters = network.parameters(slice, false);
  std::vector<PooledMoments> moments;
  tape_.begin();
  for (std::int64_t step = 0;; ++step) {
    const Batch batch = batches(step);
    if (batch.images.n == 0) break;
    check_batch(slice, batch, "recalibration");
    std::size_t next = 0;
    forward_statistics(backend_, arena_, slice, parameters, batch.images, [&](const Tape::Normalization& normalization) {
      if (next == moments.size()) moments.emplace_back();
      moments[next++].add(normalization);
    });
  }
  if (moments.empty()) throw expected("recalibration", "at least one image", "none");
  for (const PooledMoments& each : moments) each.store();
}

Metrics Trainer::evaluate(const Network& network, const NetworkShape& slice, const BatchSource& batches,
                          int positive_class) {
  tape_.begin();
  const FoldedNetwork folded(backend_, arena_, slice, network.parameters(slice, false));
  const std::int64_t part = images_at_once(slice);
  ConfusionMatrix confusion(slice.classes);
  double loss = 0;
  for (std::int64_t step = 0;; ++step) {
    const Batch batch = batches(step);
    if (batch.images.n == 0) break;
    check_batch(slice, batch, "evaluation");
    const ArenaScope scope(arena_);
    const View logits = arena_.take(batch.images.n, 1, 1, slice.classes);
    run_in_parts(folded, part, batch.images, logits);
    for (std::int64_t i = 0; i < logits.n; ++i) {
      confusion.add(batch.labels[i], prediction(logits, i));
      loss += cross_entropy(logits, i, batch.labels[i]);
    }
  }
  Metrics metrics = confusion.metrics(positive_class);
  if (metrics.images == 0) throw expected("evaluation", "at least one image", "none");
  metrics.loss = loss / static_cast<double>(metrics.images);
  return metrics;
}

View Trainer::predict(const Network& network, const NetworkShape& slice, const View& images) {
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(images.n));
  check_batch(slice, {images, labels}, "prediction");
  tape_.begin();
  const View logits = arena_.take(images.n, 1, 1, slice.classes);
  const FoldedNetwork folded(backend_, arena_, slice, network.parameters(slice, false));
  run_in_parts(folded, images_at_once(slice), images, logits);
  return logits;
}

}  // namespace danas
