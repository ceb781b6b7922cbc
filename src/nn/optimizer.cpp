#include <cmath>
#include <numbers>

#include "nn/trainer.hpp"

namespace danas {

double learning_rate_at(const TrainingSettings& settings, std::int64_t step) {
  if (step < settings.warmup) {
    return settings.learning_rate * static_cast<double>(step + 1) / static_cast<double>(settings.warmup);
  }
  if (settings.schedule == Schedule::constant) return settings.learning_rate;
  // The warmup's last step has the full rate already: the cosine starts there.
  const std::int64_t first = settings.warmup > 0 ? settings.warmup - 1 : 0, last = settings.steps - 1;
  if (last <= first) return settings.learning_rate;
  const double progress = static_cast<double>(std::min(step, last) - first) / static_cast<double>(last - first);
  return settings.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

Optimizer::Optimizer(Backend& backend, Network& network, const TrainingSettings& settings)
    : backend_(backend), network_(network), settings_(settings) {
  const std::int64_t size = network.values().size();
  first_ = Tensor(backend, 1, 1, 1, size);
  if (settings.optimizer != OptimizerKind::sgd) second_ = Tensor(backend, 1, 1, 1, size);
}

void Optimizer::step(std::int64_t step) {
  const View &values = network_.values(), &gradients = network_.gradients();
  const double rate = learning_rate_at(settings_, step);
  if (settings_.optimizer == OptimizerKind::sgd) {
    backend_.sgd_step(values, gradients, first_.view(), rate, settings_.momentum, settings_.weight_decay);
    return;
  }
  AdamStep adam;
  adam.learning_rate = rate;
  adam.weight_decay = settings_.weight_decay;
  adam.decoupled = settings_.optimizer == OptimizerKind::adamw;
  adam.step = step + 1;
  backend_.adam_step(values, gradients, first_.view(), second_.view(), adam);
}

std::vector<NamedWeight> Optimizer::state() const {
  const auto named = [](const char* name, const Tensor& tensor) {
    return NamedWeight{name, tensor.view(), {tensor.size()}, false};
  };
  if (settings_.optimizer == OptimizerKind::sgd) return {named("optimizer.velocity", first_)};
  return {named("optimizer.m", first_), named("optimizer.v", second_)};
}

}  // namespace danas
