// Elementwise operations, pooling and the optimizers.
#include <algorithm>
#include <array>

#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {
namespace {

float* row_of(const Filter& filter, Index row) {
  return filter.as<float>() + row / filter.in * filter.tap_stride + row % filter.in * filter.row_stride;
}

}  // namespace

void CpuBackend::activation(const View& x, Activation act, const View& y) {
  shapes::same("activation", Type::f32, y, x);
  for_blocks(x.size(), [&](Index begin, Index count) {
    kernels_.activation(count, x.as<const float>() + begin, act, y.as<float>() + begin);
  });
}

void CpuBackend::activation_backward(const View& y, const View& dy, Activation act, const View& dx) {
  shapes::same("activation_backward", Type::f32, dy, y);
  shapes::same("activation_backward", Type::f32, dx, y);
  for_blocks(y.size(), [&](Index begin, Index count) {
    kernels_.activation_backward(count, y.as<const float>() + begin, dy.as<const float>() + begin, act,
                                 dx.as<float>() + begin);
  });
}

void CpuBackend::add(const View& a, const View& b, const View& y) {
  shapes::same("add", Type::f32, b, a);
  shapes::same("add", Type::f32, y, a);
  for_blocks(a.size(), [&](Index begin, Index count) {
    kernels_.add(count, a.as<const float>() + begin, b.as<const float>() + begin, y.as<float>() + begin);
  });
}

void CpuBackend::accumulate(const View& x, double share, const View& sum) {
  shapes::same("accumulate", Type::f32, sum, x);
  const auto factor = static_cast<float>(share);
  for_blocks(x.size(), [&](Index begin, Index count) {
    const float* const from = x.as<const float>() + begin;
    float* const to = sum.as<float>() + begin;
    for (Index i = 0; i < count; ++i) to[i] += factor * from[i];
  });
}

void CpuBackend::global_average_pool(const View& x, const View& y) {
  shapes::pool("global_average_pool", Type::f32, x, y);
  const Index pixels = x.h * x.w;
  for_images(x, [&](Index image) {
    float* out = y.as<float>() + image * x.c;
    kernels_.column_sums({pixels, x.c, 0}, x.as<const float>() + image * pixels * x.c, out);
    kernels_.scale(x.c, out, 1.0f / static_cast<float>(pixels), out);
  });
}

void CpuBackend::global_average_pool_backward(const View& dy, const View& dx) {
  shapes::pool("global_average_pool_backward", Type::f32, dx, dy);
  const Index pixels = dx.h * dx.w;
  for_images(dx, [&](Index image) {
    for (Index pixel = 0; pixel < pixels; ++pixel)
      kernels_.scale(dx.c, dy.as<const float>() + image * dx.c, 1.0f / static_cast<float>(pixels),
                     dx.as<float>() + (image * pixels + pixel) * dx.c);
  });
}

template <std::size_t filters, class Body>
void CpuBackend::for_filter_rows(const std::array<Filter, filters>& of, const Body& body) {
  const Filter& like = of.front();
  const auto run = [&](Index row, Index begin, Index count) {
    std::array<float*, filters> parts{};
    for (std::size_t i = 0; i < filters; ++i) parts[i] = row_of(of[i], row) + begin;
    body(parts, count);
  };
  if (std::all_of(of.begin(), of.end(), [](const Filter& filter) { return filter.dense(); }))
    return for_blocks(like.size(), [&](Index begin, Index count) { run(0, begin, count); });
  const Index rows = like.h * like.w * like.in, together = divide_up(task_floats, like.out);
  pool_.run(divide_up(rows, together), [&](std::int64_t task, int) {
    for (Index row = task * together; row < std::min(rows, (task + 1) * together); ++row) run(row, 0, like.out);
  });
}

void CpuBackend::sgd_step(const Filter& w, const Filter& g, const Filter& velocity, const StepRates& rates,
                          double momentum, double weight_decay) {
  for (const Filter& operand : {g, velocity}) shapes::same("sgd_step", Type::f32, operand, w);
  const auto rate = static_cast<float>(rates_of("sgd_step", rates).learning);
  if (skipped(rates)) return;
  for_filter_rows<3>({w, g, velocity}, [&](const std::array<float*, 3>& of, Index count) {
    kernels_.sgd(count, of[0], of[1], of[2], rate, static_cast<float>(momentum), static_cast<float>(weight_decay));
  });
}

void CpuBackend::adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v, const StepRates& rates,
                           const AdamSettings& adam) {
  for (const Filter& operand : {g, m, v}) shapes::same("adam_step", Type::f32, operand, w);
  const Rates rate = rates_of("adam_step", rates);
  if (skipped(rates)) return;
  const AdamFactors factors = {
      .beta1 = static_cast<float>(adam.beta1),
      .beta2 = static_cast<float>(adam.beta2),
      .rest1 = static_cast<float>(1 - adam.beta1),
      .rest2 = static_cast<float>(1 - adam.beta2),
      .rate = static_cast<float>(rate.corrected),
      .epsilon = static_cast<float>(adam.epsilon),
      .coupled_decay = static_cast<float>(adam.decoupled ? 0 : adam.weight_decay),
      .decoupled_decay = static_cast<float>(adam.decoupled ? rate.learning * adam.weight_decay : 0),
  };
  for_filter_rows<4>({w, g, m, v}, [&](const std::array<float*, 4>& of, Index count) {
    kernels_.adam(count, of[0], of[1], of[2], of[3], factors);
  });
}

}  // namespace danas::cpu
