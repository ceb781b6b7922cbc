// A training step, recalibration and evaluation of small networks on random images, on any backend.
#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "nn/mobilenet_v2.hpp"
#include "nn/trainer.hpp"

namespace danas::test {

inline constexpr int resolution = 64, batch_size = 8, batches = 3;

/// The same random images and labels on any backend.
class Images {
 public:
  explicit Images(Backend& backend, int channels = 3)
      : images_(backend, batch_size * batches, resolution, resolution, channels) {
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

inline std::vector<double> numbers(Backend& backend, const View& view) {
  std::vector<double> values;
  download_numbers(backend, view, values);
  return values;
}

inline double root_mean_square(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares / static_cast<double>(values.size()));
}

/// Every number within `bound` of the wanted, by its size or the RMS of all.
inline void check_close(const std::string& what, const std::vector<double>& got, const std::vector<double>& wanted,
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

/// What a network comes to on one backend.
struct Outcome {
  std::vector<double> losses, weights, gradients, statistics, logits;
};

/// Trains, then recalibrates, evaluates and asks a slice in place.
inline Outcome train(Backend& backend, Network network, const LayerList& slice, const TrainingSettings& settings) {
  const Images images(backend, input_of(network.layers()).channels);
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
inline LayerList supernet() {
  return with_exit_heads(slice_layers(mobilenet_v2({resolution, resolution, 3}, 0.35, 2), {{2, 2, 1, 0, 0}, 1.0}));
}
inline LayerList slice_of(const LayerList& layers) { return slice_layers(layers, {{1, 1, 0, 0, 0}, 0.6}); }

inline Outcome train_supernet(Backend& backend, const TrainingSettings& settings) {
  return train(backend, Network(backend, supernet(), 3), slice_of(supernet()), settings);
}
/// As the published code has a candidate: of full width, with masks.
inline Outcome train_masked(Backend& backend, const TrainingSettings& settings) {
  const LayerList layers = masked_layers({resolution, resolution, 1}, {{1, 1, 0, 0, 0}, 0.4}, 2);
  return train(backend, Network(backend, layers, 3), layers, settings);
}
/// A dense copy of a slice of the supernet: a candidate.
inline Outcome train_candidate(Backend& backend, const TrainingSettings& settings) {
  const Network whole(backend, supernet(), 3);
  Network candidate = whole.gather(slice_layers(whole.layers(), {{1, 2, 1, 0, 0}, 0.7}));
  const LayerList layers = candidate.layers();
  return train(backend, std::move(candidate), layers, settings);
}

}  // namespace danas::test
