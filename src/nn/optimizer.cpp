#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.hpp"
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

std::int64_t parts_of(const TrainingSettings& settings) {
  if (settings.micro_batch == 0 || settings.micro_batch >= settings.batch) return 1;
  if (settings.batch % settings.micro_batch != 0)
    throw expected("training", "a micro-batch that divides the batch, " + std::to_string(settings.batch),
                   std::to_string(settings.micro_batch));
  return settings.batch / settings.micro_batch;
}

std::int64_t interval_of(const TrainingSettings& settings) {
  return std::clamp<std::int64_t>(settings.steps / 10, 1, 50);
}

Optimizer::Optimizer(Backend& backend, const Network& network, const TrainingSettings& settings)
    : backend_(backend), network_(network), settings_(settings), parts_(parts_of(settings)) {
  const std::int64_t size = network.values().size();
  const View weights = vector_view(backend.weight_type(), nullptr, size);
  first_ = Tensor(backend, weights);
  if (settings.optimizer != OptimizerKind::sgd) second_ = Tensor(backend, weights);
  if (parts_ > 1) mean_ = Tensor(backend, weights);
  adam_.weight_decay = settings.weight_decay;
  adam_.decoupled = settings.optimizer == OptimizerKind::adamw;
  rates_ = Tensor(backend, View{Type::f64, nullptr, interval_of(settings), 1, 1, 2});
  counter_ = Tensor(backend, View{Type::i32, nullptr, 1, 1, 1, 1});
  sums_ = Tensor(backend, View{Type::f64, nullptr, exits_of(network.layers()), 1, 1, 2});
  if (backend.activation_type() != Type::f16) return;
  scale_ = Tensor(backend, vector_view(backend.weight_type(), nullptr, 2));
  skip_ = Tensor(backend, vector_view(Type::i32, nullptr, 1));
  upload_numbers(backend, {LossScale::first, 0}, scale_.view());
}

void Optimizer::plan(std::int64_t first, std::int64_t end) {
  std::vector<double> numbers;
  for (std::int64_t step = first; step < end; ++step) {
    const double rate = learning_rate_at(settings_, step);
    numbers.insert(numbers.end(), {rate, adam_.corrected(rate, step + 1)});
  }
  View rows = rates_.view();
  rows.n = std::min(end - first, rows.n);
  upload_numbers(backend_, numbers, rows);
  counter_.clear();
}

void Optimizer::step() { step({filter_of(network_.values())}); }

void Optimizer::step(const LayerList& slice) { step(network_.trainable(slice)); }

void Optimizer::step(const std::vector<Filter>& weights) {
  if (scale_.size() > 0) backend_.unscale_gradients(network_.gradients(), {scale_.view(), skip_.view()});
  for (const Filter& each : weights) update(each);
  backend_.next_step(counter_.view());
}

void Optimizer::update(const Filter& weights) {
  const StepRates rates{rates_.view(), counter_.view(), skip_.view()};
  const auto in = [&](const View& buffer) {
    Filter there = weights;
    there.data = buffer.as<std::byte>() + (weights.as<std::byte>() - network_.values().as<std::byte>());
    return there;
  };
  const Filter gradients = in(network_.gradients()), first = in(first_.view());
  if (settings_.optimizer == OptimizerKind::sgd)
    backend_.sgd_step(weights, gradients, first, rates, settings_.momentum, settings_.weight_decay);
  else backend_.adam_step(weights, gradients, first, in(second_.view()), rates, adam_);
}

void Optimizer::join_part(std::int64_t part) {
  if (parts_ == 1) return;
  if (part == 0) backend_.clear(mean_.view());
  backend_.accumulate(network_.gradients(), 1 / static_cast<double>(parts_), mean_.view());
  if (part + 1 == parts_) backend_.copy(mean_.view(), network_.gradients());
}

std::vector<NamedWeight> Optimizer::state() const {
  const auto named = [](const char* name, const Tensor& tensor) {
    return NamedWeight{name, tensor.view(), {tensor.size()}, false};
  };
  const bool sgd = settings_.optimizer == OptimizerKind::sgd;
  std::vector<NamedWeight> state{named(sgd ? "optimizer.velocity" : "optimizer.m", first_)};
  if (!sgd) state.push_back(named("optimizer.v", second_));
  state.push_back(named("training.sums", sums_));
  if (scale_.size() > 0) state.push_back(named("training.loss_scale", scale_));
  return state;
}

View Optimizer::sums(std::size_t exit) const {
  const View& all = sums_.view();
  return vector_view(all.type, all.as<double>() + 2 * exit, 2);
}

TrainingMeans Optimizer::take_means(std::int64_t steps, std::int64_t done) {
  std::vector<double> numbers;
  download_numbers(backend_, sums_.view(), numbers);
  for (std::size_t exit = 0; exit < numbers.size(); exit += 2)
    if (!std::isfinite(numbers[exit]))
      throw Diverged("training", "loss in steps " + std::to_string(done - steps + 1) + " to " + std::to_string(done),
                     numbers[exit]);
  sums_.clear();
  const auto count = static_cast<double>(steps * parts_);
  return {numbers[numbers.size() - 2] / count, numbers.back() / count};
}

}  // namespace danas
