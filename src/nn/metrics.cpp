#include "nn/metrics.hpp"

#include <numeric>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace danas {

namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

}  // namespace

ConfusionMatrix::ConfusionMatrix(int classes, std::vector<std::int64_t> counts)
    : classes_(classes), counts_(std::move(counts)) {
  if (classes < 2) throw expected("metrics", "at least 2 classes", std::to_string(classes));
  const auto cells = static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes);
  if (counts_.size() != cells)
    throw expected("metrics", std::to_string(cells) + " counts", std::to_string(counts_.size()));
}

std::int64_t ConfusionMatrix::count(int label, int prediction) const {
  return counts_[static_cast<std::size_t>(label) * classes_ + prediction];
}

std::int64_t ConfusionMatrix::labeled(int label) const {
  const auto row = counts_.begin() + static_cast<std::ptrdiff_t>(label) * classes_;
  return std::accumulate(row, row + classes_, std::int64_t{0});
}

Metrics ConfusionMatrix::metrics(int positive_class) const {
  const bool binary = classes_ == 2;
  if (binary && positive_class != 0 && positive_class != 1) {
    throw expected("metrics", "0 or 1 as the positive class", std::to_string(positive_class));
  }
  Metrics result;
  std::int64_t right = 0;
  for (const std::int64_t n : counts_) result.images += n;
  int present = 0;
  for (int k = 0; k < classes_; ++k) present += labeled(k) > 0 ? 1 : 0;
  for (int k = 0; k < classes_; ++k) {
    std::int64_t predicted = 0;
    for (int label = 0; label < classes_; ++label) predicted += count(label, k);
    const auto hits = static_cast<double>(count(k, k));
    right += count(k, k);
    const double share = binary ? (k == positive_class ? 1.0 : 0.0) : labeled(k) > 0 ? 1.0 / present : 0.0;
    result.precision += share * ratio(hits, static_cast<double>(predicted));
    result.recall += share * ratio(hits, static_cast<double>(labeled(k)));
    result.f1 += share * ratio(2 * hits, static_cast<double>(labeled(k) + predicted));
  }
  result.accuracy = ratio(static_cast<double>(right), static_cast<double>(result.images));
  return result;
}

}  // namespace danas
