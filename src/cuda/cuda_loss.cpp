// The loss and what is counted of predictions.
#include "base/error.hpp"
#include "cuda/cuda_operations.hpp"
#include "cuda/launch.hpp"
#include "cuda/loss.cuh"

namespace danas::cuda {

// Into the workspace, a RowLoss a row.
template <class Element>
void CudaOperations<Element>::row_losses_of(const char* name, const View& logits, const View& labels,
                                            float* probabilities) {
  const int rows = count_of(name, logits.rows()), classes = count_of(name, logits.c);
  if (static_cast<std::size_t>(rows) > workspace_bytes / sizeof(RowLoss))
    throw expected(name, "at most " + std::to_string(workspace_bytes / sizeof(RowLoss)) + " rows", std::to_string(rows),
                   Fault::failure);
  launch(name, row_losses<Element>, dim3(static_cast<unsigned>(divided_up(rows, loss_rows))),
         dim3(loss_lanes, loss_rows), stream(), logits.as<const Element>(), labels.as<const int>(), rows, classes,
         probabilities, workspace<RowLoss>());
}

template <class Element>
void CudaOperations<Element>::softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                                                    const View& sums) {
  constexpr const char* op = "softmax_cross_entropy";
  shapes::labels(op, type, logits, labels);
  shapes::same(op, Type::f32, probabilities, logits);
  shapes::vector(op, Type::f64, sums, 2);
  row_losses_of(op, logits, labels, probabilities.as<float>());
  launch(op, count_rows, dim3(1), dim3(counted_rows), stream(), workspace<const RowLoss>(),
         static_cast<int>(logits.rows()), static_cast<int>(logits.c), sums.as<double>(), nullptr);
}

template <class Element>
void CudaOperations<Element>::softmax_cross_entropy_backward(const View& probabilities, const View& targets,
                                                             const View& scale, const View& dlogits) {
  constexpr const char* op = "softmax_cross_entropy_backward";
  shapes::targets(op, Type::f32, probabilities, targets);
  shapes::same(op, type, dlogits, probabilities);
  shapes::optional_scale(op, Type::f32, scale);
  const bool soft = targets.type == Type::f32;
  launch_each(op, dlogits.size(), stream(),
              SoftmaxBackward<Element>{probabilities.as<const float>(), soft ? nullptr : targets.as<const int>(),
                                       soft ? targets.as<const float>() : nullptr, scale.as<const float>(),
                                       dlogits.as<Element>(), count_of(op, dlogits.rows()), count_of(op, dlogits.c)});
}

template <class Element>
void CudaOperations<Element>::count_predictions(const View& logits, const View& labels,
                                                const PredictionCounts& counts) {
  constexpr const char* op = "count_predictions";
  shapes::labels(op, type, logits, labels);
  shapes::prediction_counts(op, logits, counts);
  row_losses_of(op, logits, labels, nullptr);
  launch(op, count_rows, dim3(1), dim3(counted_rows), stream(), workspace<const RowLoss>(),
         static_cast<int>(logits.rows()), static_cast<int>(logits.c), counts.loss.as<double>(),
         counts.confusion.as<double>());
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
