// What the tests of networks share: backends, toy images, comparisons.
#pragma once

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../by_hand.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "nn/mobilenet_v2.hpp"
#include "nn/network.hpp"
#include "nn/trainer.hpp"
#include "tensor/backend.hpp"

namespace danas::test {

inline std::vector<double> numbers(const View& view) {
  std::vector<double> values(static_cast<std::size_t>(view.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = get(view, static_cast<std::int64_t>(i));
  return values;
}

inline bool same_bytes(const View& a, const View& b) {
  return a.size() == b.size() && a.type == b.type && std::memcmp(a.data, b.data, a.bytes()) == 0;
}

inline bool same_weights(const Network& a, const Network& b) {
  if (a.weights().size() != b.weights().size()) return false;
  for (std::size_t i = 0; i < a.weights().size(); ++i) {
    if (a.weights()[i].name != b.weights()[i].name) return false;
    if (!same_bytes(a.weights()[i].view, b.weights()[i].view)) return false;
  }
  return true;
}

inline const NamedWeight& weight_named(const Network& network, const std::string& name) {
  for (const NamedWeight& weight : network.weights()) {
    if (weight.name == name) return weight;
  }
  throw Error("test", "no weight " + name);
}

/// Copies weights by name: the other network may hold more.
inline void copy_weights(const Network& from, const Network& to) {
  for (const NamedWeight& weight : to.weights()) {
    std::memcpy(weight.view.data, weight_named(from, weight.name).view.data, weight.view.bytes());
  }
}

/// Uniform noise of which the mean tells the class, a little; `batches` of them.
class ToyImages {
 public:
  ToyImages(Backend& backend, int resolution, int channels, int classes, int batch, int batches)
      : images_(backend, static_cast<std::int64_t>(batch) * batches, resolution, resolution, channels),
        classes_(classes), batch_(batch), batches_(batches) {
    const std::int64_t image = images_.size() / images_.view().n;
    std::vector<std::int32_t> labels(static_cast<std::size_t>(images_.view().n));
    for (std::int64_t i = 0; i < images_.view().n; ++i) {
      Random random(7, "toy", static_cast<std::uint64_t>(i));
      labels[i] = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(classes)));
      const double shift = 0.3 * labels[i];
      for (std::int64_t k = 0; k < image; ++k) set(images_.view(), i * image + k, random.uniform(-1, 0.7) + shift);
    }
    labels_ = upload_labels(backend, labels);
  }

  Batch batch(std::int64_t index) const { return part(index * batch_, batch_); }
  Batch part(std::int64_t first, std::int64_t count) const {
    const auto rows = [&](View view) {
      view.data =
          view.as<std::byte>() + view.bytes() / static_cast<std::size_t>(view.n) * static_cast<std::size_t>(first);
      view.n = count;
      return view;
    };
    return {rows(images_.view()), rows(labels_.view()), classes_};
  }
  BatchSource training() const {
    return [this](std::int64_t step) { return batch(step % batches_); };
  }
  BatchSource pass() const {
    return [this](std::int64_t step) { return step < batches_ ? batch(step) : Batch{part(0, 0)}; };
  }

 private:
  Tensor images_, labels_;
  int classes_;
  std::int64_t batch_, batches_;
};

/// Gives running statistics, γ and β values that a wrong use of them would show.
inline void disturb(const Network& network) {
  for (const NamedWeight& weight : network.weights()) {
    if (weight.shape.size() > 1) continue;
    Random random(11, weight.name);
    const double center = weight.name.ends_with(".running_var") || weight.name.ends_with(".weight") ? 1.0 : 0.0;
    for (std::int64_t i = 0; i < weight.view.size(); ++i) set(weight.view, i, center + random.uniform(-0.4, 0.4));
  }
}

inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = a.size() == b.size() ? 0.0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace danas::test
