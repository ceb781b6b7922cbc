// The loss and what is counted of predictions. Rows are few and short: one thread, in doubles.
#include <algorithm>
#include <cmath>

#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {
namespace {

struct Row {
  double largest, sum, loss;  ///< sum of exp(logit − largest); cross-entropy
  Index label, prediction;
};

Row row_of(const float* in, Index classes, Index label) {
  const float* const most = std::max_element(in, in + classes);
  const auto largest = static_cast<double>(*most);
  double sum = 0;
  for (Index c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(in[c]) - largest);
  return {largest, sum, std::log(sum) + largest - static_cast<double>(in[label]), label, most - in};
}

/// body(row, its number), from the first to the last.
template <class Body>
void for_rows(const View& logits, const View& labels, const Body& body) {
  for (Index i = 0; i < labels.size(); ++i)
    body(row_of(logits.as<const float>() + i * logits.c, logits.c, labels.as<const std::int32_t>()[i]), i);
}

}  // namespace

void CpuBackend::softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                                       const View& sums) {
  shapes::labels("softmax_cross_entropy", Type::f32, logits, labels);
  shapes::same("softmax_cross_entropy", Type::f32, probabilities, logits);
  shapes::vector("softmax_cross_entropy", Type::f64, sums, 2);
  double loss = 0;
  Index right = 0;
  for_rows(logits, labels, [&](const Row& row, Index i) {
    const float* in = logits.as<const float>() + i * logits.c;
    float* out = probabilities.as<float>() + i * logits.c;
    loss += row.loss;
    right += row.prediction == row.label ? 1 : 0;
    for (Index c = 0; c < logits.c; ++c)
      out[c] = static_cast<float>(std::exp(static_cast<double>(in[c]) - row.largest) / row.sum);
  });
  const auto count = static_cast<double>(labels.size());
  sums.as<double>()[0] += loss / count;
  sums.as<double>()[1] += static_cast<double>(right) / count;
}

void CpuBackend::softmax_cross_entropy_backward(const View& probabilities, const View& targets, const View& scale,
                                                const View& dlogits) {
  shapes::targets("softmax_cross_entropy_backward", Type::f32, probabilities, targets);
  shapes::same("softmax_cross_entropy_backward", Type::f32, dlogits, probabilities);
  shapes::optional_scale("softmax_cross_entropy_backward", Type::f32, scale);
  const double factor = scale.present() ? static_cast<double>(*scale.as<const float>()) : 1;
  const auto count = static_cast<double>(probabilities.rows());
  const bool soft = targets.type == Type::f32;
  const auto labeled = [&](Index row, Index c) { return targets.as<const std::int32_t>()[row] == c ? 1.0F : 0.0F; };
  for (Index i = 0; i < probabilities.rows(); ++i)
    for (Index c = 0; c < probabilities.c; ++c) {
      const Index at = i * probabilities.c + c;
      const double target{soft ? targets.as<const float>()[at] : labeled(i, c)};
      dlogits.as<float>()[at] =
          static_cast<float>(factor * (static_cast<double>(probabilities.as<const float>()[at]) - target) / count);
    }
}

void CpuBackend::count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) {
  shapes::labels("count_predictions", Type::f32, logits, labels);
  shapes::prediction_counts("count_predictions", logits, counts);
  for_rows(logits, labels, [&](const Row& row, Index) {
    counts.confusion.as<double>()[row.label * logits.c + row.prediction] += 1;
    counts.loss.as<double>()[0] += row.loss;
  });
}

}  // namespace danas::cpu
