// Training, fine-tuning, exact batch-normalization statistics, evaluation.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/names.hpp"
#include "nn/metrics.hpp"
#include "nn/network.hpp"
#include "tensor/batch.hpp"

namespace danas {

enum class OptimizerKind { adam, adamw, sgd };
template <>
inline constexpr std::array names<OptimizerKind>{"adam", "adamw", "sgd"};

/// Of the learning rate, after the warmup.
enum class Schedule { constant, cosine };
template <>
inline constexpr std::array names<Schedule>{"constant", "cosine"};

/// [supernet], [finetune], [scratch] and [final] of an experiment file.
struct TrainingSettings {
  std::int64_t steps = 100;
  int batch = 128;
  OptimizerKind optimizer = OptimizerKind::adam;
  double learning_rate = 1e-3;
  double weight_decay = 0.0;
  double momentum = 0.9;  ///< of sgd
  Schedule schedule = Schedule::constant;
  std::int64_t warmup = 0;  ///< steps of linear warmup
  /// Images whose activations are in memory at a time, a divisor of the batch; 0: the whole batch. Each such part is
  /// normalized by itself, the step goes by the mean of their gradients.
  int micro_batch = 0;
  bool distill = false;  ///< of steps with several networks (SliceStep): all but the first learn its probabilities
};
/// How many parts a batch is cut into by its micro_batch. Throws Error where that is no divisor of the batch.
std::int64_t parts_of(const TrainingSettings& settings);
double learning_rate_at(const TrainingSettings& settings, std::int64_t step);  ///< step from 0

/// The batch of a step (training: any step, in ascending order; evaluation: from 0 until an empty one). Valid until the next
/// call.
using BatchSource = std::function<Batch(std::int64_t step)>;

/// What a step trains: the whole network, or slices of it (SliceStep), all of one resolution, which need not be the
/// network's. A pure function of the step.
using SliceSource = std::function<std::vector<LayerList>(std::int64_t step)>;

/// Where a training is looked at: after every tenth of its steps, at most 50, and after the last one. Between these steps
/// nothing waits for the backend.
std::int64_t interval_of(const TrainingSettings& settings);

/// Of the training batches since the training was looked at last; last exit.
struct TrainingMeans {
  double loss, accuracy;
};

struct StepReport {
  std::int64_t step;
  double learning_rate;
  std::optional<TrainingMeans> means;  ///< after steps where the training is looked at
};

/// State of an unfinished training: what a resume needs beside the network itself. Weight decay, where it is set, applies to
/// all trainable weights, γ, β and biases included. Backend and network must outlive the optimizer, the network stay where
/// it is.
class Optimizer {
 public:
  Optimizer(Backend& backend, const Network& network, const TrainingSettings& settings);
  /// The next calls of step() are those of steps first … end − 1, at most interval_of() of them.
  void plan(std::int64_t first, std::int64_t end);
  void step();  ///< one update from network.gradients()
  /// One update of the weights of a slice alone. All other weights and their moments stay as they are; where gradients are
  /// f16, theirs are zeros.
  void step(const LayerList& slice);
  std::int64_t parts() const { return parts_; }  ///< of a batch
  /// Joins network.gradients(), those of a part of the batch, to the mean, which after the last part they are.
  void join_part(std::int64_t part);
  /// "optimizer.m", "optimizer.v" or "optimizer.velocity", "training.sums", and where gradients are f16
  /// "training.loss_scale".
  std::vector<NamedWeight> state() const;

  /// Since the training was looked at last, of one exit: Σ loss and Σ accuracy of the batches (f64, 2).
  View sums(std::size_t exit) const;
  const View& loss_scale() const { return scale_.view(); }  ///< LossScale::factor, or absent

  /// Reads the sums and clears them: those of the last exit over `steps` steps. Throws Diverged where a loss of any exit
  /// was not finite; `done` steps are behind.
  TrainingMeans take_means(std::int64_t steps, std::int64_t done);

 private:
  void step(const std::vector<Filter>& weights);
  void update(const Filter& weights);

  Backend& backend_;
  const Network& network_;
  TrainingSettings settings_;
  std::int64_t parts_;
  Tensor first_, second_, sums_, mean_;  ///< mean_: of the gradients of parts of a batch; or none
  AdamSettings adam_;
  Tensor rates_, counter_;
  Tensor scale_, skip_;  ///< a LossScale, where gradients are f16
};

/// A training whose loss, weights or statistics are not finite any more: the learning rate is too high for this network.
class Diverged : public Error {
 public:
  Diverged(const std::string& where, const std::string& what, double got);  ///< "expected a finite WHAT, got GOT …"
};

/// Whether all numbers are finite.
bool finite(Backend& backend, const std::vector<NamedWeight>& weights);

/// Trains the whole network (all heads on the supernet: those of earlier exits on gradient-stopped features; the last one
/// with the backbone). `after_step` returns false to stop early (interrupt); returns the number of steps done by this call,
/// the interrupted one included. Throws Diverged (Fault::failure) where the training is looked at and a loss since the
/// last time, or after the last step a weight, is not finite.
/// With `slices`, those of each step are trained instead, and the settings have no micro_batch. Begins at `first_step`
/// with `optimizer`'s state, so that an interrupted training continues bit for bit.
class Trainer {
 public:
  Trainer(Backend& backend, double batch_norm_momentum = 0.99);

  std::int64_t train(Network& network, Optimizer& optimizer, const TrainingSettings& settings,
                     const BatchSource& batches, std::int64_t first_step,
                     const std::function<bool(const StepReport&)>& after_step, const SliceSource& slices = {});
  std::int64_t train(Network& network, const TrainingSettings& settings, const BatchSource& batches,
                     const std::function<bool(const StepReport&)>& after_step);

  /// Recomputes the running statistics of the slice (its first channels only) over all batches of one pass. Exactly means:
  /// the mean and variance of all rows together (pooled moments, in double), not a moving average; each layer sees inputs
  /// that were normalized by their own batch, as in training. Needs memory for the widest block, whatever the depth.
  /// Throws Diverged where a statistic is not finite.
  void recalibrate(Network& network, const LayerList& slice, const BatchSource& batches);

  /// Metrics of a slice, evaluated in place with folded batch normalization, over one pass, with the head of the slice's own
  /// exit. Equal logits give the lower class; loss is the mean cross-entropy.
  Metrics evaluate(const Network& network, const LayerList& slice, const BatchSource& batches, int positive_class);

  /// Logits [n, classes] of one batch of the slice's own exit, inference mode; valid until the next call.
  View predict(const Network& network, const LayerList& slice, const View& images);

  std::size_t peak_bytes() const { return arena_.peak_bytes() + held_.peak_bytes(); }

 private:
  Backend& backend_;
  Arena arena_;  ///< of a step
  Arena held_;   ///< of what outlives it: folded weights, predictions
  double batch_norm_momentum_;
};

}  // namespace danas
