// Elementwise operations, pooling and the optimizers.
#include <initializer_list>

#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {
namespace {

void check_sizes(const char* op, const View& w, std::initializer_list<View> others) {
  for (const View& other : others) shapes::vector(op, Type::f32, other, w.size());
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

void CpuBackend::sgd_step(const View& w, const View& g, const View& velocity, const StepRates& rates, double momentum,
                          double weight_decay) {
  check_sizes("sgd_step", w, {g, velocity});
  const auto rate = static_cast<float>(rates_of("sgd_step", rates).learning);
  if (skipped(rates)) return;
  for_blocks(w.size(), [&](Index begin, Index count) {
    kernels_.sgd(count, w.as<float>() + begin, g.as<const float>() + begin, velocity.as<float>() + begin, rate,
                 static_cast<float>(momentum), static_cast<float>(weight_decay));
  });
}

void CpuBackend::adam_step(const View& w, const View& g, const View& m, const View& v, const StepRates& rates,
                           const AdamSettings& adam) {
  check_sizes("adam_step", w, {g, m, v});
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
  for_blocks(w.size(), [&](Index begin, Index count) {
    kernels_.adam(count, w.as<float>() + begin, g.as<const float>() + begin, m.as<float>() + begin,
                  v.as<float>() + begin, factors);
  });
}

}  // namespace danas::cpu
