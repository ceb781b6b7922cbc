// A training step, recalibration and evaluation on emulated kernels against the CPU's, within what the golden tests allow
// in single precision (tests/nn/golden.hpp).
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "cuda/cuda.hpp"
#include "machine.hpp"
#include "nn/mobilenet_v2.hpp"
#include "nn/trainer.hpp"

using namespace danas;
using emulation::Order;

namespace {

constexpr double training_bound = 1e-3, gradient_bound = 0.003, inference_bound = 1e-4;
constexpr int resolution = 64, batch_size = 8, batches = 3;

/// The same random images and labels on any backend.
class Images {
 public:
  explicit Images(Backend& backend) : images_(backend, batch_size * batches, resolution, resolution, 3) {
    Random random(5, "images");
    std::vector<std::int32_t> labels;
    std::vector<double> pixels;
    for (int i = 0; i < batch_size * batches; ++i) {
      labels.push_back(static_cast<std::int32_t>(random.below(2)));
      for (std::int64_t k = 0; k < images_.size() / images_.view().n; ++k)
        pixels.push_back(random.uniform(-1, 0.7) + 0.3 * labels.back());
    }
    upload_numbers(backend, pixels, images_.view());
    labels_ = upload_labels(backend, labels);
  }

  BatchSource training() const {
    return [this](std::int64_t step) { return part(step % batches * batch_size, batch_size); };
  }
  /// The last batch is a shorter one.
  BatchSource pass() const {
    return [this](std::int64_t step) {
      if (step >= batches) return part(0, 0);
      return part(step * batch_size, step + 1 < batches ? batch_size : batch_size / 2);
    };
  }

 private:
  Batch part(std::int64_t first, std::int64_t count) const {
    const auto rows = [&](View view) {
      view.data =
          view.as<std::byte>() + view.bytes() / static_cast<std::size_t>(view.n) * static_cast<std::size_t>(first);
      view.n = count;
      return view;
    };
    return {rows(images_.view()), rows(labels_.view()), 2};
  }

  Tensor images_, labels_;
};

std::vector<double> numbers(Backend& backend, const View& view) {
  std::vector<double> values;
  download_numbers(backend, view, values);
  return values;
}

double root_mean_square(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares / static_cast<double>(values.size()));
}

/// Every number within `bound` of the wanted, by its size or the RMS of all.
void check_close(const std::string& what, const std::vector<double>& got, const std::vector<double>& wanted,
                 double bound) {
  BOOST_REQUIRE_EQUAL(got.size(), wanted.size());
  const double scale = root_mean_square(wanted);
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(got[i] - wanted[i]) / std::max({std::abs(wanted[i]), scale, 1e-9});
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  BOOST_CHECK_MESSAGE(worst <= bound, what << " is off by " << worst << ", allowed " << bound);
}

/// So small a learning rate that the weights stay where they are: what follows the step is compared too, and an update's
/// size says nothing of a gradient that rounding decides.
TrainingSettings one_still_step() {
  TrainingSettings settings;
  settings.steps = 1;
  settings.batch = batch_size;
  settings.learning_rate = 1e-12;
  return settings;
}

/// What a network comes to on one backend.
struct Outcome {
  std::vector<double> losses, weights, gradients, statistics, logits;
};

/// Trains, then recalibrates, evaluates and asks a slice in place.
Outcome train(Backend& backend, Network network, const LayerList& slice, const TrainingSettings& settings) {
  const Images images(backend);
  Outcome outcome;
  Trainer trainer(backend, 0.9);
  trainer.train(network, settings, images.training(), [&](const StepReport& report) {
    outcome.losses.push_back(report.means.value().loss);
    return true;
  });
  outcome.weights = numbers(backend, network.values());
  outcome.gradients = numbers(backend, network.gradients());
  trainer.recalibrate(network, slice, images.pass());
  for (const NamedWeight& weight : network.weights()) {
    if (weight.trainable) continue;
    const std::vector<double> running = numbers(backend, weight.view);
    outcome.statistics.insert(outcome.statistics.end(), running.begin(), running.end());
  }
  outcome.losses.push_back(trainer.evaluate(network, slice, images.pass(), 1).loss);
  outcome.logits = numbers(backend, trainer.predict(network, slice, images.pass()(0).images));
  return outcome;
}

/// Heads at several exits; the last map has 4×4 pixels, so that no normalization is over a handful of numbers.
LayerList supernet() {
  return with_exit_heads(slice_layers(mobilenet_v2({resolution, resolution, 3}, 0.35, 2), {{2, 2, 1, 0, 0}, 1.0}));
}
LayerList slice_of(const LayerList& layers) { return slice_layers(layers, {{1, 1, 0, 0, 0}, 0.6}); }

Outcome train_supernet(Backend& backend, const TrainingSettings& settings) {
  return train(backend, Network(backend, supernet(), 3), slice_of(supernet()), settings);
}
/// A dense copy of a slice of the supernet: a candidate.
Outcome train_candidate(Backend& backend, const TrainingSettings& settings) {
  const Network whole(backend, supernet(), 3);
  Network candidate = whole.gather(slice_layers(whole.layers(), {{1, 2, 1, 0, 0}, 0.7}));
  const LayerList layers = candidate.layers();
  return train(backend, std::move(candidate), layers, settings);
}

void check_step(const Outcome& got, const Outcome& wanted) {
  check_close("loss", got.losses, wanted.losses, training_bound);
  check_close("statistics", got.statistics, wanted.statistics, training_bound);
  check_close("logits", got.logits, wanted.logits, training_bound);
  // As a whole: where an input is within rounding of a kink of ReLU6 a single one may differ by itself.
  std::vector<double> difference = got.gradients;
  for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= wanted.gradients[i];
  const double error = root_mean_square(difference) / root_mean_square(wanted.gradients);
  BOOST_TEST_MESSAGE("gradients differ by " << error << " of their size");
  BOOST_TEST(error <= gradient_bound);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training)

BOOST_AUTO_TEST_CASE(a_step_of_a_supernet_is_the_cpus) {
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  check_step(train_supernet(*emulated, one_still_step()), train_supernet(*cpu, one_still_step()));
}

BOOST_AUTO_TEST_CASE(a_step_of_a_candidate_is_the_cpus) {
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  check_step(train_candidate(*emulated, one_still_step()), train_candidate(*cpu, one_still_step()));
}

BOOST_AUTO_TEST_CASE(three_steps_of_adam_are_the_cpus) {
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  TrainingSettings settings = one_still_step();
  settings.steps = 3;
  settings.learning_rate = 1e-3;
  settings.weight_decay = 1e-3;
  for (const auto optimizer : {OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::sgd}) {
    settings.optimizer = optimizer;
    const Outcome got = train_candidate(*emulated, settings), wanted = train_candidate(*cpu, settings);
    check_close("losses of " + std::string(name_of(optimizer)), got.losses, wanted.losses, training_bound);
  }
}

// Of weights that are given: nothing amplifies rounding here.
BOOST_AUTO_TEST_CASE(inference_of_a_slice_in_place_is_the_cpus) {
  const auto predict = [](Backend& backend) {
    const Images images(backend);
    const Network network(backend, supernet(), 3);
    Trainer trainer(backend);
    return numbers(backend, trainer.predict(network, slice_of(network.layers()), images.pass()(0).images));
  };
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  check_close("logits", predict(*emulated), predict(*cpu), inference_bound);
}

BOOST_AUTO_TEST_CASE(a_training_gives_the_same_bits_in_any_order) {
  const auto run = [](Order order) {
    emulation::set_order(order);
    const auto backend = make_cuda_backend(0);
    Outcome outcome = train_candidate(*backend, one_still_step());
    emulation::set_order(Order::forward);
    return outcome;
  };
  const Outcome forward = run(Order::forward), reverse = run(Order::reverse);
  BOOST_TEST(forward.losses == reverse.losses);
  BOOST_TEST((forward.weights == reverse.weights));
  BOOST_TEST((forward.gradients == reverse.gradients));
  BOOST_TEST((forward.statistics == reverse.statistics));
}

BOOST_AUTO_TEST_SUITE_END()
