#include "tensor/reference_backend.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"

namespace danas {

template <class Real>
void ReferenceBackend<Real>::activation(const View& x, Activation act, const View& y) {
  shapes::same("activation", type, y, x);
  for (std::int64_t i = 0; i < x.size(); ++i)
    y.as<Real>()[i] = static_cast<Real>(reference::activate(x.as<Real>()[i], act));
}

template <class Real>
void ReferenceBackend<Real>::activation_backward(const View& y, const View& dy, Activation act, const View& dx) {
  shapes::same("activation_backward", type, dy, y);
  shapes::same("activation_backward", type, dx, y);
  for (std::int64_t i = 0; i < y.size(); ++i)
    dx.as<Real>()[i] = static_cast<Real>(dy.as<Real>()[i] * reference::slope(y.as<Real>()[i], act));
}

template <class Real>
void ReferenceBackend<Real>::add(const View& a, const View& b, const View& y) {
  shapes::same("add", type, b, a);
  shapes::same("add", type, y, a);
  for (std::int64_t i = 0; i < a.size(); ++i) y.as<Real>()[i] = a.as<Real>()[i] + b.as<Real>()[i];
}

template <class Real>
void ReferenceBackend<Real>::global_average_pool(const View& x, const View& y) {
  shapes::pool("global_average_pool", type, x, y);
  const std::int64_t pixels = x.h * x.w;
  for (std::int64_t n = 0; n < x.n; ++n)
    for (std::int64_t c = 0; c < x.c; ++c) {
      double sum = 0;
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) sum += x.as<Real>()[(n * pixels + pixel) * x.c + c];
      y.as<Real>()[n * x.c + c] = static_cast<Real>(sum / static_cast<double>(pixels));
    }
}

template <class Real>
void ReferenceBackend<Real>::global_average_pool_backward(const View& dy, const View& dx) {
  shapes::pool("global_average_pool_backward", type, dx, dy);
  const std::int64_t pixels = dx.h * dx.w;
  for (std::int64_t i = 0; i < dx.size(); ++i) {
    const std::int64_t n = i / (pixels * dx.c), c = i % dx.c;
    dx.as<Real>()[i] = static_cast<Real>(dy.as<Real>()[n * dx.c + c] / static_cast<double>(pixels));
  }
}

template <class Real>
double ReferenceBackend<Real>::softmax_cross_entropy(const View& logits, const View& labels,
                                                     const View& probabilities) {
  shapes::labels("softmax_cross_entropy", type, logits, labels);
  shapes::same("softmax_cross_entropy", type, probabilities, logits);
  double loss = 0;
  for (std::int64_t row = 0; row < logits.rows(); ++row) {
    const Real* in = logits.as<Real>() + row * logits.c;
    Real* out = probabilities.as<Real>() + row * logits.c;
    const double largest = *std::max_element(in, in + logits.c);
    double sum = 0;
    for (std::int64_t c = 0; c < logits.c; ++c) sum += std::exp(in[c] - largest);
    loss += std::log(sum) + largest - in[labels.as<const std::int32_t>()[row]];
    for (std::int64_t c = 0; c < logits.c; ++c) out[c] = static_cast<Real>(std::exp(in[c] - largest) / sum);
  }
  return loss / static_cast<double>(logits.rows());
}

template <class Real>
void ReferenceBackend<Real>::softmax_cross_entropy_backward(const View& probabilities, const View& labels,
                                                            const View& dlogits) {
  shapes::labels("softmax_cross_entropy_backward", type, probabilities, labels);
  shapes::same("softmax_cross_entropy_backward", type, dlogits, probabilities);
  for (std::int64_t row = 0; row < dlogits.rows(); ++row)
    for (std::int64_t c = 0; c < dlogits.c; ++c) {
      const double target = labels.as<const std::int32_t>()[row] == c ? 1 : 0;
      const std::int64_t i = row * dlogits.c + c;
      dlogits.as<Real>()[i] =
          static_cast<Real>((probabilities.as<Real>()[i] - target) / static_cast<double>(dlogits.rows()));
    }
}

template <class Real>
void ReferenceBackend<Real>::sgd_step(const View& w, const View& g, const View& velocity, double learning_rate,
                                      double momentum, double weight_decay) {
  for (const View& operand : {g, velocity}) shapes::same("sgd_step", type, operand, w);
  for (std::int64_t i = 0; i < w.size(); ++i) {
    Real &weight = w.as<Real>()[i], &speed = velocity.as<Real>()[i];
    const double next = momentum * speed + g.as<Real>()[i] + weight_decay * weight;
    speed = static_cast<Real>(next);
    weight = static_cast<Real>(weight - learning_rate * next);
  }
}

template <class Real>
void ReferenceBackend<Real>::adam_step(const View& w, const View& g, const View& m, const View& v,
                                       const AdamStep& step) {
  for (const View& operand : {g, m, v}) shapes::same("adam_step", type, operand, w);
  const double t = static_cast<double>(step.step);
  const double rate = step.learning_rate * std::sqrt(1 - std::pow(step.beta2, t)) / (1 - std::pow(step.beta1, t));
  for (std::int64_t i = 0; i < w.size(); ++i) {
    Real &weight = w.as<Real>()[i], &first = m.as<Real>()[i], &second = v.as<Real>()[i];
    const double gradient = g.as<Real>()[i] + (step.decoupled ? 0 : step.weight_decay * weight);
    const double mean = step.beta1 * first + (1 - step.beta1) * gradient;
    const double square = step.beta2 * second + (1 - step.beta2) * gradient * gradient;
    const double decay = step.decoupled ? step.learning_rate * step.weight_decay * weight : 0;
    weight = static_cast<Real>(weight - decay - rate * mean / (std::sqrt(square) + step.epsilon));
    first = static_cast<Real>(mean);
    second = static_cast<Real>(square);
  }
}

template class ReferenceBackend<float>;
template class ReferenceBackend<double>;

std::unique_ptr<Backend> make_reference_backend(Type real_type) {
  if (real_type == Type::f64) return std::make_unique<ReferenceBackend<double>>();
  if (real_type == Type::f32) return std::make_unique<ReferenceBackend<float>>();
  throw expected("reference backend", "f32 or f64", "another element type", Fault::failure);
}

}  // namespace danas
