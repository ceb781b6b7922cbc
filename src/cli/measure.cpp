#include "cli/measure.hpp"

#include <limits>
#include <vector>

#include "base/random.hpp"
#include "base/stopwatch.hpp"
#include "nn/trainer.hpp"
#include "tensor/tensor.hpp"

namespace danas {
namespace {

class RandomBatch {
 public:
  RandomBatch(Backend& backend, const LayerList& layers, int batch)
      : images_(backend, batch, input_of(layers).height, input_of(layers).width, input_of(layers).channels),
        classes_(classes_of(layers)) {
    Random random(1, "bench");
    std::vector<double> pixels(static_cast<std::size_t>(images_.size()));
    for (double& pixel : pixels) pixel = random.uniform(-1, 1);
    upload_numbers(backend, pixels, images_.view());
    std::vector<std::int32_t> labels(static_cast<std::size_t>(batch));
    for (auto& label : labels) label = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(classes_)));
    labels_ = upload_labels(backend, labels);
  }

  Batch batch() const { return {images_.view(), labels_.view(), classes_}; }

 private:
  Tensor images_, labels_;
  int classes_;
};

/// Counts steps from the second one on, until the time is up.
class TimedSteps {
 public:
  explicit TimedSteps(double seconds) : seconds_(seconds) {}

  /// Called after every step; false when it was the last.
  bool step() {
    if (steps_++ == 0) stopwatch_.lap();
    elapsed_ = stopwatch_.seconds();
    return steps_ < 3 || elapsed_ < seconds_;
  }
  double steps_per_second() const { return static_cast<double>(steps_ - 1) / elapsed_; }

 private:
  double seconds_, elapsed_ = 0;
  std::int64_t steps_ = 0;
  Stopwatch stopwatch_;
};

}  // namespace

Speed measure_speed(Backend& backend, const LayerList& layers, Work work, int batch, double seconds) {
  Network network(backend, layers, 1);
  Trainer trainer(backend);
  const RandomBatch data(backend, layers, batch);
  TimedSteps timed(seconds);
  if (work == Work::evaluate) {
    bool more = true;
    const auto batches = [&](std::int64_t step) {
      if (step > 0) more = timed.step();
      Batch next = data.batch();
      if (!more) next.images.n = 0;
      return next;
    };
    trainer.evaluate(network, layers, batches, 1);
  } else {
    TrainingSettings settings;
    settings.steps = std::numeric_limits<std::int64_t>::max();
    settings.batch = batch;
    trainer.train(
        network, settings, [&](std::int64_t) { return data.batch(); }, [&](const StepReport&) { return timed.step(); });
  }
  return {timed.steps_per_second() * batch, trainer.peak_bytes()};
}

}  // namespace danas
