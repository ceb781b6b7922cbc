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
void check_weights(const Network& network, std::int64_t step) {
  std::vector<double> values;
  download_numbers(network.backend(), network.values(), values);
  for (const double value : values)
    if (!std::isfinite(value)) throw Diverged("training", "weight after step " + std::to_string(step), value);
}

// The moments of every normalization of a pass, in forward order.
class Recalibration {
 public:
  explicit Recalibration(Backend& backend) : backend_(backend) {}

  void begin_batch() { next_ = 0; }
  void add(const Tape::Normalization& batch) {
    if (next_ == memory_.size()) {
      const std::int64_t channels = batch.statistics.mean.size();
      memory_.emplace_back(backend_, View{Type::f64, nullptr, 1, 1, 1, 2 * channels + 1});
      weights_.push_back(batch.weights);
    }
    backend_.accumulate_moments(batch.statistics, batch.rows, moments(next_++));
  }
  void store() {
    for (std::size_t i = 0; i < memory_.size(); ++i) backend_.store_moments(moments(i), weights_[i]);
    for (const BatchNormWeights& each : weights_) {
      check(each.running_mean);
      check(each.running_variance);
    }
  }

 private:
  PooledMoments moments(std::size_t i) const {
    const std::int64_t channels = memory_[i].size() / 2;
    auto* const all = memory_[i].view().as<double>();
    const auto part = [&](std::int64_t first, std::int64_t count) {
      return vector_view(Type::f64, all + first, count);
    };
    return {part(0, channels), part(channels, channels), part(2 * channels, 1)};
  }
  // What is finite in double may not be in the weights' type.
  void check(const View& statistics) const {
    std::vector<double> values;
    download_numbers(backend_, statistics, values);
    for (const double value : values)
      if (!std::isfinite(value)) throw Diverged("recalibration", "statistic of a normalization", value);
  }

  Backend& backend_;
  std::vector<Tensor> memory_;
  std::vector<BatchNormWeights> weights_;
  std::size_t next_ = 0;
};

// So many images at a time that their widest layer stays near the caches, and memory small.
std::int64_t images_at_once(const LayerList& layers) {
  constexpr std::int64_t most_elements = 8 << 20;
  std::int64_t widest = 1;
  for (const LayerSpec& layer : unfold(layers)) widest = std::max(widest, layer.in.elements() + layer.out.elements());
  return std::max<std::int64_t>(most_elements / widest, 1);
}

void run_in_parts(const FoldedNetwork& network, std::int64_t part, const View& images, const View& logits) {
  for (std::int64_t first = 0; first < images.n; first += part) {
    const auto slice = [&](View view) {
      view.data =
          view.as<std::byte>() + static_cast<std::size_t>(first * view.h * view.w * view.c) * bytes_of(view.type);
      view.n = std::min(part, images.n - first);
      return view;
    };
    network.run(slice(images), slice(logits));
  }
}

Metrics counted(Backend& backend, const PredictionCounts& counts, int positive_class) {
  std::vector<double> numbers;
  download_numbers(backend, counts.confusion, numbers);
  const ConfusionMatrix confusion(static_cast<int>(counts.confusion.c), {numbers.begin(), numbers.end()});
  Metrics metrics = confusion.metrics(positive_class);
  if (metrics.images == 0) throw expected("evaluation", "at least one image", "none");
  download_numbers(backend, counts.loss, numbers);
  metrics.loss = numbers[0] / static_cast<double>(metrics.images);
  return metrics;
}

}  // namespace

Diverged::Diverged(const std::string& where, const std::string& what, double got)
    : Error(where, "expected a finite " + what + ", got " + std::to_string(got) + ": lower learning_rate",
            Fault::failure) {}

bool finite(Backend& backend, const std::vector<NamedWeight>& weights) {
  std::vector<double> numbers;
  const auto all_finite = [&](const NamedWeight& weight) {
    download_numbers(backend, weight.view, numbers);
    return std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); });
  };
  return std::all_of(weights.begin(), weights.end(), all_finite);
}

Trainer::Trainer(Backend& backend, double batch_norm_momentum)
    : backend_(backend), arena_(backend), tape_(backend, arena_, batch_norm_epsilon),
      batch_norm_momentum_(batch_norm_momentum) {}

void Trainer::train_step(const Network& network, const std::vector<LayerParameters>& parameters, const Batch& batch,
                         const Optimizer& optimizer) {
  tape_.begin();
  const Forward forward = forward_training(tape_, network.layers(), parameters, batch.images);
  for (std::size_t exit = 0; exit < forward.exits.size(); ++exit)
    tape_.softmax_cross_entropy(forward.exits[exit], batch.labels, optimizer.sums(exit));
  tape_.backward();
  for (const Tape::Normalization& each : tape_.normalizations())
    backend_.update_running_statistics(each.statistics, batch_norm_momentum_, each.weights);
}

std::int64_t Trainer::train(Network& network, Optimizer& optimizer, const TrainingSettings& settings,
                            const BatchSource& batches, std::int64_t first_step,
                            const std::function<bool(const StepReport&)>& after_step) {
  const std::vector<LayerParameters> parameters = network.parameters(network.layers(), true);
  const std::int64_t interval = interval_of(settings);
  for (std::int64_t step = first_step; step < settings.steps; ++step) {
    // Fixed steps, whatever was resumed: so are the sums, and what ends a training.
    const std::int64_t end = std::min(step - step % interval + interval, settings.steps);
    if (step == first_step || step % interval == 0) optimizer.plan(step, end);
    const Batch batch = batches(step);
    if (batch.images.n == 0) throw expected("training", "images for step " + std::to_string(step), "none");
    check_batch(network.layers(), batch, "training");
    train_step(network, parameters, batch, optimizer);
    optimizer.step();
    StepReport report{step, learning_rate_at(settings, step), {}};
    const std::int64_t done = step + 1;
    if (done == end) report.means = optimizer.take_means(step % interval + 1, done);
    if (done == settings.steps) check_weights(network, step);
    if (after_step && !after_step(report)) return done - first_step;
  }
  return std::max<std::int64_t>(settings.steps - first_step, 0);
}

std::int64_t Trainer::train(Network& network, const TrainingSettings& settings, const BatchSource& batches,
                            const std::function<bool(const StepReport&)>& after_step) {
  Optimizer optimizer(network, settings);
  return train(network, optimizer, settings, batches, 0, after_step);
}

void Trainer::recalibrate(Network& network, const LayerList& slice, const BatchSource& batches) {
  const std::vector<LayerParameters> parameters = network.parameters(slice, false);
  Recalibration recalibration(backend_);
  tape_.begin();
  std::int64_t step = 0;
  for (;; ++step) {
    const Batch batch = batches(step);
    if (batch.images.n == 0) break;
    check_batch(slice, batch, "recalibration");
    recalibration.begin_batch();
    forward_statistics(backend_, arena_, slice, parameters, batch.images,
                       [&](const Tape::Normalization& normalization) { recalibration.add(normalization); });
  }
  if (step == 0) throw expected("recalibration", "at least one image", "none");
  recalibration.store();
}

Metrics Trainer::evaluate(const Network& network, const LayerList& slice, const BatchSource& batches,
                          int positive_class) {
  tape_.begin();
  const FoldedNetwork folded(backend_, arena_, slice, network.parameters(slice, false));
  const std::int64_t part = images_at_once(slice);
  const int classes = classes_of(slice);
  const Tensor confusion(backend_, View{Type::f64, nullptr, classes, 1, 1, classes}),
      loss(backend_, View{Type::f64, nullptr, 1, 1, 1, 1});
  for (std::int64_t step = 0;; ++step) {
    const Batch batch = batches(step);
    if (batch.images.n == 0) break;
    check_batch(slice, batch, "evaluation");
    const ArenaScope scope(arena_);
    const View logits = arena_.take(batch.images.n, 1, 1, classes);
    run_in_parts(folded, part, batch.images, logits);
    backend_.count_predictions(logits, batch.labels, {confusion.view(), loss.view()});
  }
  return counted(backend_, {confusion.view(), loss.view()}, positive_class);
}

View Trainer::predict(const Network& network, const LayerList& slice, const View& images) {
  check_images(slice, images, "prediction");
  tape_.begin();
  const View logits = arena_.take(images.n, 1, 1, classes_of(slice));
  const FoldedNetwork folded(backend_, arena_, slice, network.parameters(slice, false));
  run_in_parts(folded, images_at_once(slice), images, logits);
  return logits;
}

}  // namespace danas
