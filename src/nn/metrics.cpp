#include "nn/metrics.hpp"

#include <string>

#include "base/error.hpp"

namespace danas {

namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

std::size_t cells(int classes) {
  if (classes < 2) throw expected("metrics", "at least 2 classes", std::to_string(classes));
  return static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes);
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(int classes) : classes_(classes), counts_(cells(classes)) {}

void ConfusionMatrix::add(int label, int prediction) {
  if (label < 0 || label >= classes_ || prediction < 0 || prediction >= classes_) {
    throw expected("metrics", "classes from 0 to " + std::to_string(classes_ - 1),
                   "label " + std::to_string(label) + ", prediction " + std::to_string(prediction));
  }
  ++counts_[static_cast<std::size_t>(label) * classes_ + prediction];
}

std::int64_t ConfusionMatrix::count(int label, int prediction) const {
  return counts_[static_cast<std::size_t>(label) * classes_ + prediction];
}

Metrics ConfusionMatrix::metrics(int positive_class) const {
  const bool binary = classes_ == 2;
  if (binary && positive_class != 0 && positive_class != 1) {
    throw expected("metrics", "0 or 1 as the positive class", std::to_string(positive_class));
  }
  Metrics result;
  std::int64_t right = 0;
  for (const std::int64_t n : counts_) result.images += n;
  for (int k = 0; k < classes_; ++k) {
    std::int64_t labeled = 0, predicted = 0;
    for (int other = 0; other < classes_; ++other) {
      labeled += count(k, other);
      predicted += count(other, k);
    }
    const auto hits = static_cast<double>(count(k, k));
    right += count(k, k);
    const double share = binary ? (k == positive_class ? 1.0 : 0.0) : 1.0 / classes_;
    result.precision += share * ratio(hits, static_cast<double>(predicted));
    result.recall += share * ratio(hits, static_cast<double>(labeled));
    result.f1 += share * ratio(2 * hits, static_cast<double>(labeled + predicted));
  }
  result.accuracy = ratio(static_cast<double>(right), static_cast<double>(result.images));
  return result;
}

}  // namespace danas
