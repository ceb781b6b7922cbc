// The loss, what is counted of predictions, the optimizers.
#include "base/error.hpp"
#include "cuda/cuda_backend.hpp"
#include "cuda/launch.hpp"
#include "cuda/loss.cuh"
#include "cuda/optimizer.cuh"
#include "tensor/shapes.hpp"

namespace danas::cuda {

namespace {

Rates rates_of(const char* op, const StepRates& rates) {
  shapes::rates(op, rates);
  return {rates.table.as<const double>(), rates.counter.as<const int>(), count_of(op, rates.table.n)};
}

}  // namespace

// Into the workspace, a RowLoss a row.
void CudaBackend::row_losses_of(const char* name, const View& logits, const View& labels, float* probabilities) {
  const int rows = count_of(name, logits.rows()), classes = count_of(name, logits.c);
  if (static_cast<std::size_t>(rows) > workspace_bytes / sizeof(RowLoss))
    throw expected(name, "at most " + std::to_string(workspace_bytes / sizeof(RowLoss)) + " rows", std::to_string(rows),
                   Fault::failure);
  launch(name, row_losses, dim3(static_cast<unsigned>(divided_up(rows, loss_rows))), dim3(loss_lanes, loss_rows),
         stream(), logits.as<const float>(), labels.as<const int>(), rows, classes, probabilities,
         workspace<RowLoss>());
}

void CudaBackend::softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                                        const View& sums) {
  constexpr const char* op = "softmax_cross_entropy";
  shapes::labels(op, Type::f32, logits, labels);
  shapes::same(op, Type::f32, probabilities, logits);
  shapes::vector(op, Type::f64, sums, 2);
  row_losses_of(op, logits, labels, probabilities.as<float>());
  launch(op, count_rows, dim3(1), dim3(counted_rows), stream(), workspace<const RowLoss>(),
         static_cast<int>(logits.rows()), static_cast<int>(logits.c), sums.as<double>(), nullptr);
}

void CudaBackend::softmax_cross_entropy_backward(const View& probabilities, const View& labels, const View& dlogits) {
  constexpr const char* op = "softmax_cross_entropy_backward";
  shapes::labels(op, Type::f32, probabilities, labels);
  shapes::same(op, Type::f32, dlogits, probabilities);
  launch_each(op, dlogits.size(), stream(),
              SoftmaxBackward{probabilities.as<const float>(), labels.as<const int>(), dlogits.as<float>(),
                              count_of(op, dlogits.rows()), count_of(op, dlogits.c)});
}

void CudaBackend::count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) {
  constexpr const char* op = "count_predictions";
  shapes::labels(op, Type::f32, logits, labels);
  shapes::prediction_counts(op, logits, counts);
  row_losses_of(op, logits, labels, nullptr);
  launch(op, count_rows, dim3(1), dim3(counted_rows), stream(), workspace<const RowLoss>(),
         static_cast<int>(logits.rows()), static_cast<int>(logits.c), counts.loss.as<double>(),
         counts.confusion.as<double>());
}

void CudaBackend::sgd_step(const View& w, const View& g, const View& velocity, const StepRates& rates, double momentum,
                           double weight_decay) {
  for (const View& operand : {g, velocity}) shapes::same("sgd_step", Type::f32, operand, w);
  launch_each("sgd_step", w.size(), stream(),
              SgdStep{w.as<float>(), g.as<const float>(), velocity.as<float>(), rates_of("sgd_step", rates),
                      static_cast<float>(momentum), static_cast<float>(weight_decay)});
}

void CudaBackend::adam_step(const View& w, const View& g, const View& m, const View& v, const StepRates& rates,
                            const AdamSettings& adam) {
  for (const View& operand : {g, m, v}) shapes::same("adam_step", Type::f32, operand, w);
  const auto number = [](double value) { return static_cast<float>(value); };
  launch_each("adam_step", w.size(), stream(),
              AdamStep{w.as<float>(), g.as<const float>(), m.as<float>(), v.as<float>(), rates_of("adam_step", rates),
                       number(adam.beta1), number(1 - adam.beta1), number(adam.beta2), number(1 - adam.beta2),
                       number(adam.epsilon), number(adam.decoupled ? 0 : adam.weight_decay),
                       number(adam.decoupled ? adam.weight_decay : 0)});
}

void CudaBackend::next_step(const View& counter) {
  shapes::vector("next_step", Type::i32, counter, 1);
  launch_each("next_step", 1, stream(), NextStep{counter.as<int>()});
}

}  // namespace danas::cuda
