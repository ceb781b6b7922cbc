#include "tensor/reference_backend.hpp"

namespace danas {

namespace {

template <class Element>
double element(const View& view, std::int64_t row, std::int64_t c) {
  return view.as<Element>()[row * view.c + c];
}

// y = act(γ·(x − mean)/√(variance + ε) + β) of one channel.
template <class Element, class Real>
void normalize(const View& x, std::int64_t c, double mean, double variance, const BatchNormWeights& weights,
               double epsilon, Activation act, const View& y) {
  const double scale = weights.gamma.as<Real>()[c] / std::sqrt(variance + epsilon), shift = weights.beta.as<Real>()[c];
  for (std::int64_t row = 0; row < x.rows(); ++row)
    y.as<Element>()[row * y.c + c] =
        static_cast<Element>(reference::activate(scale * (element<Element>(x, row, c) - mean) + shift, act));
}

}  // namespace

template <class Element>
void ReferenceBackend<Element>::batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon,
                                                    Activation act, const View& y,
                                                    const BatchNormStatistics& statistics) {
  shapes::batch_norm("batch_norm_training", type, x, y);
  shapes::batch_norm_weights("batch_norm_training", real_type, weights, x.c);
  shapes::vector("batch_norm_training", real_type, statistics.mean, x.c);
  shapes::vector("batch_norm_training", real_type, statistics.variance, x.c);
  const double rows = static_cast<double>(x.rows());
  for (std::int64_t c = 0; c < x.c; ++c) {
    double mean = 0, variance = 0;
    for (std::int64_t row = 0; row < x.rows(); ++row) mean += element<Element>(x, row, c) / rows;
    for (std::int64_t row = 0; row < x.rows(); ++row) {
      const double distance = element<Element>(x, row, c) - mean;
      variance += distance * distance / rows;
    }
    statistics.mean.as<Real>()[c] = static_cast<Real>(mean);
    statistics.variance.as<Real>()[c] = static_cast<Real>(variance);
    normalize<Element, Real>(x, c, mean, variance, weights, epsilon, act, y);
  }
}

template <class Element>
void ReferenceBackend<Element>::batch_norm_inference(const View& x, const BatchNormWeights& weights, double epsilon,
                                                     Activation act, const View& y) {
  shapes::batch_norm("batch_norm_inference", type, x, y);
  shapes::batch_norm_weights("batch_norm_inference", real_type, weights, x.c);
  shapes::vector("batch_norm_inference", real_type, weights.running_mean, x.c);
  shapes::vector("batch_norm_inference", real_type, weights.running_variance, x.c);
  for (std::int64_t c = 0; c < x.c; ++c)
    normalize<Element, Real>(x, c, weights.running_mean.as<Real>()[c], weights.running_variance.as<Real>()[c], weights,
                             epsilon, act, y);
}

template <class Element>
void ReferenceBackend<Element>::batch_norm_backward(const View& x, const View& y, const View& dy,
                                                    const BatchNormWeights& weights,
                                                    const BatchNormStatistics& statistics, double epsilon,
                                                    Activation act, const View& dx,
                                                    const BatchNormGradients& gradients) {
  shapes::batch_norm("batch_norm_backward", type, x, y);
  shapes::same("batch_norm_backward", type, dy, x);
  shapes::same("batch_norm_backward", type, dx, x);
  shapes::batch_norm_weights("batch_norm_backward", real_type, weights, x.c);
  for (const View& vector : {statistics.mean, statistics.variance, gradients.gamma, gradients.beta})
    shapes::vector("batch_norm_backward", real_type, vector, x.c);
  const double rows = static_cast<double>(x.rows());
  for (std::int64_t c = 0; c < x.c; ++c) {
    const double mean = statistics.mean.as<Real>()[c];
    const double inverse_deviation = 1 / std::sqrt(statistics.variance.as<Real>()[c] + epsilon);
    const auto normalized = [&](std::int64_t row) { return (element<Element>(x, row, c) - mean) * inverse_deviation; };
    const auto masked = [&](std::int64_t row) {
      return element<Element>(dy, row, c) * reference::slope(element<Element>(y, row, c), act);
    };
    double dgamma = 0, dbeta = 0;
    for (std::int64_t row = 0; row < x.rows(); ++row) {
      dgamma += masked(row) * normalized(row);
      dbeta += masked(row);
    }
    gradients.gamma.as<Real>()[c] = static_cast<Real>(dgamma);
    gradients.beta.as<Real>()[c] = static_cast<Real>(dbeta);
    const double scale = weights.gamma.as<Real>()[c] * inverse_deviation;
    for (std::int64_t row = 0; row < x.rows(); ++row)
      dx.as<Element>()[row * dx.c + c] =
          static_cast<Element>(scale * (masked(row) - dbeta / rows - normalized(row) * dgamma / rows));
  }
}

template <class Element>
void ReferenceBackend<Element>::update_running_statistics(const BatchNormStatistics& batch, double momentum,
                                                          const BatchNormWeights& weights) {
  const std::int64_t channels = weights.running_mean.size();
  for (const View& vector : {batch.mean, batch.variance, weights.running_mean, weights.running_variance})
    shapes::vector("update_running_statistics", real_type, vector, channels);
  const auto blend = [&](const View& running, const View& now) {
    for (std::int64_t c = 0; c < channels; ++c)
      running.as<Real>()[c] = static_cast<Real>(momentum * running.as<Real>()[c] + (1 - momentum) * now.as<Real>()[c]);
  };
  blend(weights.running_mean, batch.mean);
  blend(weights.running_variance, batch.variance);
}

template <class Element>
void ReferenceBackend<Element>::accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows,
                                                   const PooledMoments& pooled) {
  const std::int64_t channels = batch.mean.size();
  for (const View& vector : {batch.mean, batch.variance})
    shapes::vector("accumulate_moments", real_type, vector, channels);
  shapes::pooled_moments("accumulate_moments", pooled, channels);
  const auto count = static_cast<double>(rows);
  const double before = pooled.rows.as<double>()[0], all = before + count;
  for (std::int64_t c = 0; c < channels; ++c) {
    double &mean = pooled.mean.as<double>()[c], &squares = pooled.squares.as<double>()[c];
    const double delta = batch.mean.as<Real>()[c] - mean;
    mean += delta * count / all;
    squares += count * batch.variance.as<Real>()[c] + delta * delta * before * count / all;
  }
  pooled.rows.as<double>()[0] = all;
}

template <class Element>
void ReferenceBackend<Element>::store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) {
  const std::int64_t channels = weights.running_mean.size();
  for (const View& vector : {weights.running_mean, weights.running_variance})
    shapes::vector("store_moments", real_type, vector, channels);
  shapes::pooled_moments("store_moments", pooled, channels);
  for (std::int64_t c = 0; c < channels; ++c) {
    weights.running_mean.as<Real>()[c] = static_cast<Real>(pooled.mean.as<double>()[c]);
    weights.running_variance.as<Real>()[c] =
        static_cast<Real>(pooled.squares.as<double>()[c] / pooled.rows.as<double>()[0]);
  }
}

template <class Element>
void ReferenceBackend<Element>::fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon,
                                                const Filter& folded, const View& bias) {
  shapes::fold("fold_batch_norm", type, w, folded);
  shapes::batch_norm_weights("fold_batch_norm", real_type, weights, w.out);
  for (const View& vector : {weights.running_mean, weights.running_variance, bias})
    shapes::vector("fold_batch_norm", real_type, vector, w.out);
  for (std::int64_t o = 0; o < w.out; ++o) {
    const double scale = weights.gamma.as<Real>()[o] / std::sqrt(weights.running_variance.as<Real>()[o] + epsilon);
    bias.as<Real>()[o] = static_cast<Real>(weights.beta.as<Real>()[o] - scale * weights.running_mean.as<Real>()[o]);
    for (std::int64_t ky = 0; ky < w.h; ++ky)
      for (std::int64_t kx = 0; kx < w.w; ++kx)
        for (std::int64_t i = 0; i < w.in; ++i)
          reference::at<Element>(folded, ky, kx, i, o) =
              static_cast<Element>(scale * double{reference::at<Element>(w, ky, kx, i, o)});
  }
}

template class ReferenceBackend<float>;
template class ReferenceBackend<double>;
template class ReferenceBackend<Half>;
template class ReferenceBackend<Bfloat16>;

}  // namespace danas
