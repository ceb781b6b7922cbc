#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numeric>

#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {
namespace {

void check_vectors(const char* op, Index channels, std::initializer_list<View> vectors) {
  for (const View& vector : vectors) shapes::vector(op, Type::f32, vector, channels);
}

/// Repeats the first `channels` elements of a vector to its `width`.
void repeat(float* vector, Index channels, Index width) {
  for (Index i = channels; i < width; ++i) vector[i] = vector[i - channels];
}

/// Sum over the tasks and the repetitions of a channel, in double and in their order.
double total(const float* sums, Index tasks, Index stride, Index channel, Index channels, Index width) {
  double sum = 0;
  for (Index task = 0; task < tasks; ++task)
    for (Index i = channel; i < width; i += channels) sum += static_cast<double>(sums[task * stride + i]);
  return sum;
}

}  // namespace

// Rows join to a multiple of four vectors where that stays short, so that the sums of a narrow matrix have as many
// independent chains as those of a wide one.
CpuBackend::Tiling CpuBackend::tiling(const View& x) const {
  constexpr Index longest = 2048, least_floats = 8192, most_floats = 65536, enough_tasks = 32;
  Tiling t{};
  t.channels = x.c;
  t.floats = x.size();
  t.width = std::lcm(x.c, Index{4} * kernels_.lanes);
  if (t.width > longest) t.width = std::lcm(x.c, Index{kernels_.lanes});
  if (t.width > longest) t.width = x.c;
  t.repeats = t.width / x.c;
  const Index rows = t.floats / t.width;
  const Index task_floats = std::clamp(t.floats / enough_tasks, least_floats, most_floats);
  t.rows_per_task = std::clamp<Index>(task_floats / t.width, 16, 1024);
  t.tasks = std::max<Index>(1, divide_up(rows, t.rows_per_task));
  return t;
}

// The last task has the floats beyond the last whole row too.
Span CpuBackend::Tiling::span(Index task) const {
  const Index left = floats - begin(task);
  if (task + 1 < tasks) return {rows_per_task, width, 0};
  return {left / width, width, left % width};
}

float* CpuBackend::take_sums(const Tiling& tiling, Index count) {
  return partials_.take(tiling.tasks * count * tiling.width);
}

void CpuBackend::bias_backward(const View& dy, const View& dbias) {
  shapes::batch_norm("bias_backward", Type::f32, dy, dy);
  shapes::vector("bias_backward", Type::f32, dbias, dy.c);
  const Tiling t = tiling(dy);
  float* sums = take_sums(t, 1);
  pool_.run(t.tasks, [&](std::int64_t task, int) {
    kernels_.column_sums(t.span(task), dy.as<const float>() + t.begin(task), sums + task * t.width);
  });
  for (Index c = 0; c < dy.c; ++c)
    dbias.as<float>()[c] = static_cast<float>(total(sums, t.tasks, t.width, c, dy.c, t.width));
}

void CpuBackend::normalize(const View& x, const View& mean, const View& variance, const BatchNormWeights& weights,
                           double epsilon, Activation act, const View& sum, const View& y) {
  const Tiling t = tiling(x);
  float *center = vectors_.take(3 * t.width), *factor = center + t.width, *offset = factor + t.width;
  for (Index c = 0; c < x.c; ++c) {
    center[c] = mean.as<const float>()[c];
    factor[c] = static_cast<float>(static_cast<double>(weights.gamma.as<const float>()[c]) /
                                   std::sqrt(static_cast<double>(variance.as<const float>()[c]) + epsilon));
    offset[c] = weights.beta.as<const float>()[c];
  }
  for (float* vector : {center, factor, offset}) repeat(vector, x.c, t.width);
  pool_.run(t.tasks, [&](std::int64_t task, int) {
    const Index begin = t.begin(task);
    kernels_.normalize(t.span(task), x.as<const float>() + begin, center, factor, offset, act,
                       sum.present() ? sum.as<const float>() + begin : nullptr, y.as<float>() + begin);
  });
}

// A task's rows are summed twice while they are in cache, first for its own mean, then about that, and the tasks' moments
// join in double (Chan, Golub, LeVeque, 1979): differences from anything else than the mean cancel, and batches of a few
// pixels amplify what is lost a thousandfold.
void CpuBackend::take_moments(const View& x, const BatchNormStatistics& statistics) {
  const Tiling t = tiling(x);
  const Index stride = 3 * t.width;
  float* sums = take_sums(t, 3);
  const auto count = [&t](Index task, Index i) {
    const Span span = t.span(task);
    return span.rows + (i < span.tail ? 1 : 0);
  };
  pool_.run(t.tasks, [&](std::int64_t task, int) {
    float *sum = sums + task * stride, *squares = sum + t.width, *center = squares + t.width;
    const float* rows = x.as<const float>() + t.begin(task);
    kernels_.column_sums(t.span(task), rows, center);
    for (Index i = 0; i < t.width; ++i) center[i] /= static_cast<float>(std::max<Index>(1, count(task, i)));
    kernels_.moments(t.span(task), rows, center, sum, squares);
  });

  const auto rows = static_cast<double>(x.rows());
  for (Index c = 0; c < x.c; ++c) {
    const auto over_parts = [&](const auto& term) {
      double total = 0;
      for (Index task = 0; task < t.tasks; ++task)
        for (Index i = c; i < t.width; i += x.c) {
          const auto n = static_cast<double>(count(task, i));
          const float* part = sums + task * stride + i;
          if (n > 0)
            total += term(n, static_cast<double>(part[0]), static_cast<double>(part[t.width]),
                          static_cast<double>(part[2 * t.width]));
        }
      return total / rows;
    };
    const double mean = over_parts([](double n, double sum, double, double center) { return n * center + sum; });
    const double variance = over_parts([mean](double n, double sum, double squares, double center) {
      const double distance = center + sum / n - mean;
      return squares - sum * sum / n + n * distance * distance;
    });
    statistics.mean.as<float>()[c] = static_cast<float>(mean);
    statistics.variance.as<float>()[c] = static_cast<float>(std::max(0.0, variance));
  }
}

void CpuBackend::batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                     const View& y, const BatchNormStatistics& statistics) {
  constexpr const char* op = "batch_norm_training";
  shapes::batch_norm(op, Type::f32, x, y);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  check_vectors(op, x.c, {statistics.mean, statistics.variance});
  take_moments(x, statistics);
  normalize(x, statistics.mean, statistics.variance, weights, epsilon, act, {}, y);
}

void CpuBackend::batch_norm_inference(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                      const View& y) {
  constexpr const char* op = "batch_norm_inference";
  shapes::batch_norm(op, Type::f32, x, y);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  check_vectors(op, x.c, {weights.running_mean, weights.running_variance});
  normalize(x, weights.running_mean, weights.running_variance, weights, epsilon, act, {}, y);
}

// dx = γ/σ·(g − Σg/M − (x−mean)/σ²·Σg(x−mean)/M), g = dy through the activation's mask.
void CpuBackend::batch_norm_backward(const View& x, const View& y, const View& dy, const BatchNormWeights& weights,
                                     const BatchNormStatistics& statistics, double epsilon, Activation act,
                                     const View& dx, const BatchNormGradients& gradients) {
  constexpr const char* op = "batch_norm_backward";
  shapes::batch_norm(op, Type::f32, x, dy);
  shapes::same(op, Type::f32, dx, x);
  if (act != Activation::none) shapes::same(op, Type::f32, y, x);
  shapes::batch_norm_weights(op, Type::f32, weights, x.c);
  check_vectors(op, x.c, {statistics.mean, statistics.variance, gradients.gamma, gradients.beta});
  const Tiling t = tiling(x);
  float *mean = vectors_.take(4 * t.width), *a = mean + t.width, *b = a + t.width, *constant = b + t.width;
  std::copy_n(statistics.mean.as<const float>(), x.c, mean);
  repeat(mean, x.c, t.width);
  float* sums = take_sums(t, 2);
  const float *input = x.as<const float>(), *output = y.as<const float>(), *gradient = dy.as<const float>();
  pool_.run(t.tasks, [&](std::int64_t task, int) {
    const Index begin = t.begin(task);
    float* sum = sums + task * 2 * t.width;
    kernels_.gradient_sums(t.span(task), input + begin, output + begin, gradient + begin, mean, act, sum,
                           sum + t.width);
  });

  const auto rows = static_cast<double>(x.rows());
  for (Index c = 0; c < x.c; ++c) {
    const double inverse = 1 / std::sqrt(static_cast<double>(statistics.variance.as<const float>()[c]) + epsilon);
    const double beta = total(sums, t.tasks, 2 * t.width, c, x.c, t.width);
    const double gamma = total(sums + t.width, t.tasks, 2 * t.width, c, x.c, t.width) * inverse;
    const double factor = static_cast<double>(weights.gamma.as<const float>()[c]) * inverse;
    gradients.beta.as<float>()[c] = static_cast<float>(beta);
    gradients.gamma.as<float>()[c] = static_cast<float>(gamma);
    a[c] = static_cast<float>(factor);
    b[c] = static_cast<float>(-factor * inverse * gamma / rows);
    constant[c] = static_cast<float>(-factor * beta / rows);
  }
  for (float* vector : {a, b, constant}) repeat(vector, x.c, t.width);
  pool_.run(t.tasks, [&](std::int64_t task, int) {
    const Index begin = t.begin(task);
    kernels_.normalize_backward(t.span(task), input + begin, output + begin, gradient + begin, mean, a, b, constant,
                                act, dx.as<float>() + begin);
  });
}

void CpuBackend::update_running_statistics(const BatchNormStatistics& batch, double momentum,
                                           const BatchNormWeights& weights) {
  const Index channels = batch.mean.size();
  check_vectors("update_running_statistics", channels,
                {batch.mean, batch.variance, weights.running_mean, weights.running_variance});
  const auto update = [&](const View& from, const View& to) {
    for (Index c = 0; c < channels; ++c)
      to.as<float>()[c] = static_cast<float>(momentum * static_cast<double>(to.as<float>()[c]) +
                                             (1 - momentum) * static_cast<double>(from.as<const float>()[c]));
  };
  update(batch.mean, weights.running_mean);
  update(batch.variance, weights.running_variance);
}

void CpuBackend::accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows, const PooledMoments& pooled) {
  const Index channels = batch.mean.size();
  for (const View& vector : {batch.mean, batch.variance})
    shapes::vector("accumulate_moments", Type::f32, vector, channels);
  shapes::pooled_moments("accumulate_moments", pooled, channels);
  auto *const mean = pooled.mean.as<double>(), *const squares = pooled.squares.as<double>();
  double& pooled_rows = *pooled.rows.as<double>();
  const auto count = static_cast<double>(rows);
  const double sum = pooled_rows + count;
  for (Index c = 0; c < channels; ++c) {
    const double delta = static_cast<double>(batch.mean.as<const float>()[c]) - mean[c];
    mean[c] += delta * count / sum;
    squares[c] +=
        count * static_cast<double>(batch.variance.as<const float>()[c]) + delta * delta * pooled_rows * count / sum;
  }
  pooled_rows = sum;
}

void CpuBackend::store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) {
  const Index channels = weights.running_mean.size();
  for (const View& vector : {weights.running_mean, weights.running_variance})
    shapes::vector("store_moments", Type::f32, vector, channels);
  shapes::pooled_moments("store_moments", pooled, channels);
  const double rows = *pooled.rows.as<const double>();
  for (Index c = 0; c < channels; ++c) {
    weights.running_mean.as<float>()[c] = static_cast<float>(pooled.mean.as<const double>()[c]);
    weights.running_variance.as<float>()[c] = static_cast<float>(pooled.squares.as<const double>()[c] / rows);
  }
}

void CpuBackend::fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon, const Filter& folded,
                                 const View& bias) {
  shapes::fold("fold_batch_norm", Type::f32, w, folded);
  shapes::batch_norm_weights("fold_batch_norm", Type::f32, weights, w.out);
  check_vectors("fold_batch_norm", w.out, {bias, weights.running_mean, weights.running_variance});
  float* factors = vectors_.take(w.out);
  for (Index c = 0; c < w.out; ++c) {
    const double factor = static_cast<double>(weights.gamma.as<const float>()[c]) /
                          std::sqrt(static_cast<double>(weights.running_variance.as<const float>()[c]) + epsilon);
    factors[c] = static_cast<float>(factor);
    bias.as<float>()[c] = static_cast<float>(static_cast<double>(weights.beta.as<const float>()[c]) -
                                             factor * static_cast<double>(weights.running_mean.as<const float>()[c]));
  }
  float* out = folded.as<float>();
  for (Index tap = 0; tap < w.h * w.w; ++tap)
    for (Index i = 0; i < w.in; ++i, out += w.out) {
      const float* row = w.as<const float>() + tap * w.tap_stride + i * w.row_stride;
      for (Index c = 0; c < w.out; ++c) out[c] = row[c] * factors[c];
    }
}

}  // namespace danas::cpu
