// The optimizers.
#include "cuda/cuda_backend.hpp"
#include "cuda/launch.hpp"
#include "cuda/operands.hpp"
#include "cuda/optimizer.cuh"
#include "tensor/shapes.hpp"

namespace danas::cuda {

namespace {

Rates rates_of(const char* op, const StepRates& rates) {
  shapes::rates(op, rates);
  return {rates.table.as<const double>(), rates.counter.as<const int>(), rates.skip.as<const int>(),
          count_of(op, rates.table.n)};
}

Index vectors(const View& weights) { return divided_up(weights.size(), Vector<float>::size); }

WeightRows rows_of(const Filter& weights) {
  return {weights.in, divided_up(weights.out, Vector<float>::size), static_cast<int>(weights.out)};
}
Index vectors(const Filter& weights) { return weights.h * weights.w * weights.in * rows_of(weights).columns; }

}  // namespace

void CudaBackend::accumulate(const View& x, double share, const View& sum) {
  shapes::same("accumulate", Type::f32, x, x);
  shapes::same("accumulate", Type::f32, sum, x);
  launch_each("accumulate", vectors(x), stream(),
              Accumulate{flat_of<float>(x), flat_of<float>(sum), static_cast<float>(share)});
}

void CudaBackend::sgd_step(const Filter& w, const Filter& g, const Filter& velocity, const StepRates& rates,
                           double momentum, double weight_decay) {
  for (const Filter& operand : {g, velocity}) shapes::same("sgd_step", Type::f32, operand, w);
  launch_each("sgd_step", vectors(w), stream(),
              SgdStep{weights_of<float>(w), weights_of<float>(g), weights_of<float>(velocity), rows_of(w),
                      rates_of("sgd_step", rates), static_cast<float>(momentum), static_cast<float>(weight_decay)});
}

void CudaBackend::adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v, const StepRates& rates,
                            const AdamSettings& adam) {
  for (const Filter& operand : {g, m, v}) shapes::same("adam_step", Type::f32, operand, w);
  const auto number = [](double value) { return static_cast<float>(value); };
  launch_each("adam_step", vectors(w), stream(),
              AdamStep{weights_of<float>(w), weights_of<float>(g), weights_of<float>(m), weights_of<float>(v),
                       rows_of(w), rates_of("adam_step", rates), number(adam.beta1), number(1 - adam.beta1),
                       number(adam.beta2), number(1 - adam.beta2), number(adam.epsilon),
                       number(adam.decoupled ? 0 : adam.weight_decay), number(adam.decoupled ? adam.weight_decay : 0)});
}

void CudaBackend::unscale_gradients(const View& g, const LossScale& scale) {
  constexpr const char* op = "unscale_gradients";
  shapes::same(op, Type::f32, g, g);
  shapes::loss_scale(op, Type::f32, scale);
  auto* const factor = scale.factor.as<float>();
  auto* const skip = scale.skip.as<int>();
  launch_each(op, 1, stream(), ClearFlag{skip});
  launch_each(op, vectors(g), stream(), UnscaleGradients{flat_of<float>(g), factor, skip});
  const auto number = [](double value) { return static_cast<float>(value); };
  launch_each(
      op, 1, stream(),
      NextScale{factor, skip, number(LossScale::least), number(LossScale::most), number(LossScale::doubled_after)});
}

void CudaBackend::next_step(const View& counter) {
  shapes::vector("next_step", Type::i32, counter, 1);
  launch_each("next_step", 1, stream(), NextStep{counter.as<int>()});
}

}  // namespace danas::cuda
