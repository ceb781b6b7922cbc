// The loss, its counts, and the optimizers.
#include <algorithm>
#include <cstdint>

#include "tensor/reference_backend.hpp"

namespace danas {

namespace {

// One row of logits against its label.
struct Row {
  double largest = 0, sum = 0;  // Σ exp(logit − largest)
  double loss = 0;              // cross-entropy
  std::int64_t label = 0, prediction = 0;
};

template <class Element>
Row row_of(const View& logits, const View& labels, std::int64_t row) {
  const Element* in = logits.as<Element>() + row * logits.c;
  Row result;
  result.label = labels.as<std::int32_t>()[row];
  for (std::int64_t c = 1; c < logits.c; ++c)
    if (in[c] > in[result.prediction]) result.prediction = c;
  result.largest = in[result.prediction];
  for (std::int64_t c = 0; c < logits.c; ++c) result.sum += std::exp(double{in[c]} - result.largest);
  result.loss = std::log(result.sum) + result.largest - double{in[result.label]};
  return result;
}

// Number i of a filter, its gaps not counted.
template <class Real>
Real& number(const Filter& filter, std::int64_t i) {
  const std::int64_t row = i / filter.out;
  return filter.as<Real>()[row / filter.in * filter.tap_stride + row % filter.in * filter.row_stride + i % filter.out];
}

}  // namespace

template <class Element>
void ReferenceBackend<Element>::softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                                                      const View& sums) {
  shapes::labels("softmax_cross_entropy", type, logits, labels);
  shapes::same("softmax_cross_entropy", real_type, probabilities, logits);
  shapes::vector("softmax_cross_entropy", Type::f64, sums, 2);
  double loss = 0, right = 0;
  for (std::int64_t n = 0; n < logits.rows(); ++n) {
    const Row row = row_of<Element>(logits, labels, n);
    loss += row.loss;
    right += row.prediction == row.label ? 1 : 0;
    for (std::int64_t i = n * logits.c; i < (n + 1) * logits.c; ++i)
      probabilities.as<Real>()[i] =
          static_cast<Real>(std::exp(double{logits.as<Element>()[i]} - row.largest) / row.sum);
  }
  sums.as<double>()[0] += loss / static_cast<double>(logits.rows());
  sums.as<double>()[1] += right / static_cast<double>(logits.rows());
}

template <class Element>
void ReferenceBackend<Element>::softmax_cross_entropy_backward(const View& probabilities, const View& targets,
                                                               const View& scale, const View& dlogits) {
  shapes::targets("softmax_cross_entropy_backward", real_type, probabilities, targets);
  shapes::same("softmax_cross_entropy_backward", type, dlogits, probabilities);
  shapes::optional_scale("softmax_cross_entropy_backward", real_type, scale);
  const double factor = scale.present() ? double{*scale.as<const Real>()} : 1;
  const bool soft = targets.type == real_type;
  const auto labeled = [&](std::int64_t row, std::int64_t c) {
    return targets.as<const std::int32_t>()[row] == c ? 1.0 : 0.0;
  };
  for (std::int64_t row = 0; row < dlogits.rows(); ++row)
    for (std::int64_t c = 0; c < dlogits.c; ++c) {
      const std::int64_t i = row * dlogits.c + c;
      const double target = soft ? double{targets.as<const Real>()[i]} : labeled(row, c);
      dlogits.as<Element>()[i] =
          static_cast<Element>(factor * (probabilities.as<Real>()[i] - target) / static_cast<double>(dlogits.rows()));
    }
}

template <class Element>
void ReferenceBackend<Element>::count_predictions(const View& logits, const View& labels,
                                                  const PredictionCounts& counts) {
  shapes::labels("count_predictions", type, logits, labels);
  shapes::prediction_counts("count_predictions", logits, counts);
  for (std::int64_t n = 0; n < logits.rows(); ++n) {
    const Row row = row_of<Element>(logits, labels, n);
    counts.confusion.as<double>()[row.label * logits.c + row.prediction] += 1;
    counts.loss.as<double>()[0] += row.loss;
  }
}

template <class Element>
void ReferenceBackend<Element>::accumulate(const View& x, double share, const View& sum) {
  shapes::same("accumulate", real_type, x, x);
  shapes::same("accumulate", real_type, sum, x);
  for (std::int64_t i = 0; i < x.size(); ++i)
    sum.as<Real>()[i] = static_cast<Real>(sum.as<Real>()[i] + share * x.as<Real>()[i]);
}

template <class Element>
void ReferenceBackend<Element>::sgd_step(const Filter& w, const Filter& g, const Filter& velocity,
                                         const StepRates& rates, double momentum, double weight_decay) {
  for (const Filter& operand : {g, velocity}) shapes::same("sgd_step", real_type, operand, w);
  const double rate = rates_of("sgd_step", rates).learning;
  if (skipped(rates)) return;
  for (std::int64_t i = 0; i < w.size(); ++i) {
    Real &weight = number<Real>(w, i), &speed = number<Real>(velocity, i);
    const double next = momentum * speed + number<Real>(g, i) + weight_decay * weight;
    speed = static_cast<Real>(next);
    weight = static_cast<Real>(weight - rate * next);
  }
}

template <class Element>
void ReferenceBackend<Element>::adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v,
                                          const StepRates& rates, const AdamSettings& adam) {
  for (const Filter& operand : {g, m, v}) shapes::same("adam_step", real_type, operand, w);
  const Rates rate = rates_of("adam_step", rates);
  if (skipped(rates)) return;
  for (std::int64_t i = 0; i < w.size(); ++i) {
    Real &weight = number<Real>(w, i), &first = number<Real>(m, i), &second = number<Real>(v, i);
    const double gradient = number<Real>(g, i) + (adam.decoupled ? 0 : adam.weight_decay * weight);
    const double mean = adam.beta1 * first + (1 - adam.beta1) * gradient;
    const double square = adam.beta2 * second + (1 - adam.beta2) * gradient * gradient;
    const double decay = adam.decoupled ? rate.learning * adam.weight_decay * weight : 0;
    weight = static_cast<Real>(weight - decay - rate.corrected * mean / (std::sqrt(square) + adam.epsilon));
    first = static_cast<Real>(mean);
    second = static_cast<Real>(square);
  }
}

template class ReferenceBackend<float>;
template class ReferenceBackend<double>;
template class ReferenceBackend<Half>;
template class ReferenceBackend<Bfloat16>;

}  // namespace danas
