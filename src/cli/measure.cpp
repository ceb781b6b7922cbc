#include "cli/measure.hpp"

#include <functional>
#include <future>
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
      : backend_(backend),
        images_(backend, batch, input_of(layers).height, input_of(layers).width, input_of(layers).channels),
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

  /// Until all that the backend was told is done: where memory is a device's, calls return before that.
  void wait() const {
    std::vector<double> numbers;
    if (!backend_.host_memory()) download_numbers(backend_, labels_.view(), numbers);
  }

 private:
  Backend& backend_;
  Tensor images_, labels_;
  int classes_;
};

/// Counts steps from the second one on, until the time is up. So many are told to the backend before it is waited for.
class TimedSteps {
 public:
  TimedSteps(double seconds, std::int64_t told) : seconds_(seconds), told_(told) {}

  /// Called after every step; false when it was the last.
  bool step(const RandomBatch& data) {
    if (steps_++ % told_ != 0) return true;
    data.wait();
    if (steps_ == 1) stopwatch_.lap();
    elapsed_ = stopwatch_.seconds();
    return steps_ < 3 || elapsed_ < seconds_;
  }
  double steps_per_second() const { return static_cast<double>(steps_ - 1) / elapsed_; }

 private:
  double seconds_, elapsed_ = 0;
  std::int64_t told_, steps_ = 0;
  Stopwatch stopwatch_;
};

/// Trains or evaluates on one batch, over and over: `begin` is called ahead of the first step, `after_step` after every one,
/// until it returns false. The bytes that a step takes.
std::size_t run_steps(Backend& backend, Network& network, Work work, int batch, const std::function<void()>& begin,
                      const std::function<bool(const RandomBatch&)>& after_step) {
  Trainer trainer(backend);
  const RandomBatch data(backend, network.layers(), batch);
  const auto first = [&](std::int64_t step) {
    if (step == 0) begin();
    return data.batch();
  };
  if (work == Work::evaluate) {
    const auto batches = [&](std::int64_t step) {
      Batch next = first(step);
      if (step > 0 && !after_step(data)) next.images.n = 0;
      return next;
    };
    trainer.evaluate(network, network.layers(), batches, 1);
  } else {
    TrainingSettings settings;
    settings.steps = std::numeric_limits<std::int64_t>::max();
    settings.batch = batch;
    trainer.train(network, settings, first, [&](const StepReport&) { return after_step(data); });
  }
  return trainer.peak_bytes();
}

/// Tells the backend whose every weight and gradient is.
void assign_layers(TimingBackend& backend, const Network& network) {
  const auto* const values = network.values().as<std::byte>();
  for (const NamedWeight& weight : network.weights())
    for (const LayerSpec& layer : network.layers()) {
      if (!weight.name.starts_with(layer.name + '.')) continue;
      backend.assign(weight.view.data, layer.name);
      if (weight.trainable)
        backend.assign(network.gradients().as<std::byte>() + (weight.view.as<std::byte>() - values), layer.name);
    }
}

}  // namespace

Speed measure_speed(Backend& backend, const LayerList& layers, Work work, int batch, double seconds) {
  Network network(backend, layers, 1);
  TimedSteps timed(seconds, backend.host_memory() ? 1 : 8);
  const std::size_t bytes = run_steps(
      backend, network, work, batch, [] {}, [&](const RandomBatch& data) { return timed.step(data); });
  return {timed.steps_per_second() * batch, bytes};
}

Speed measure_lanes(Backend& backend, const LayerList& layers, Work work, int batch, double seconds, int lanes) {
  std::vector<std::future<Speed>> speeds;
  for (int lane = 0; lane < lanes; ++lane)
    speeds.push_back(
        std::async(std::launch::async, [&] { return measure_speed(*backend.lane(1), layers, work, batch, seconds); }));
  Speed all;
  for (std::future<Speed>& each : speeds) {
    const Speed speed = each.get();
    all.images_per_second += speed.images_per_second;
    all.arena_bytes += speed.arena_bytes;
  }
  return all;
}

StepTimes measure_operations(Backend& backend, const LayerList& layers, Work work, int batch, double seconds) {
  TimingBackend timing(backend);
  Network network(timing, layers, 1);
  assign_layers(timing, network);
  TimedSteps timed(seconds, 1);
  const auto after_step = [&](const RandomBatch& data) {
    timing.end_step();
    return timed.step(data);
  };
  run_steps(
      timing, network, work, batch, [&] { timing.begin(); }, after_step);
  return {timing.step_seconds(), timing.operations()};
}

}  // namespace danas
