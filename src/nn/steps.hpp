// What a backend is told for one batch in training, recalibration and evaluation. Nothing here waits for the backend but
// what says so; a step runs on the backend of its arena, whose memory the next one resets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "nn/forward.hpp"
#include "nn/trainer.hpp"

namespace danas {

/// Of the last exit, [n,1,1,classes] in the type of weights: what is learned instead of the labels, and where the answer is
/// kept. Either may be absent.
struct Distillation {
  View targets, probabilities;
};

/// Forward, losses, backward of a slice of a network on one batch: its gradients and its running statistics.
class TrainingPass {
 public:
  /// The slice must outlive this. Without a momentum running statistics stay as they are.
  TrainingPass(Arena& arena, const Network& network, const LayerList& slice, std::optional<double> batch_norm_momentum);
  /// The mean loss and accuracy of each exit are added to `sums_of` it (f64, 2). The network's working copy is up to date.
  void run(const Batch& batch, const std::function<View(std::size_t exit)>& sums_of, const View& loss_scale,
           const Distillation& distillation = {});

 private:
  Arena& arena_;
  const LayerList& slice_;
  Tape tape_;
  std::vector<LayerParameters> parameters_;
  std::optional<double> batch_norm_momentum_;
};

/// A pass over each part of the batch where its settings have parts (each adds its mean loss to the sums), and the
/// optimizer's update.
class TrainingStep {
 public:
  TrainingStep(Arena& arena, const Network& network, Optimizer& optimizer, double batch_norm_momentum);
  void run(const Batch& batch);

 private:
  Backend& backend_;
  const Network& network_;
  Optimizer& optimizer_;
  TrainingPass pass_;
};

/// Pools the statistics of a slice's normalizations. The network's working copy is up to date.
class RecalibrationStep {
 public:
  /// The slice must outlive this.
  RecalibrationStep(Arena& arena, const Network& network, const LayerList& slice);
  void run(const Batch& batch);
  /// They become the running ones; waits for the backend. Throws Diverged where one is not finite.
  void store();

 private:
  PooledMoments moments(std::size_t normalization) const;
  void check(const View& statistics) const;

  Backend& backend_;
  Arena& arena_;
  const LayerList& slice_;
  std::vector<LayerParameters> parameters_;
  std::vector<Tensor> memory_;  ///< mean, squares, rows of each normalization, in forward order
  std::vector<BatchNormWeights> weights_;
};

/// Counts the predictions of a slice, folded. The network's working copy is up to date.
class EvaluationStep {
 public:
  /// The folded weights lie in `held`, which must not be reset before the last step. The slice must outlive this.
  EvaluationStep(Arena& held, Arena& arena, const Network& network, const LayerList& slice);
  void run(const Batch& batch);
  Metrics metrics(int positive_class) const;  ///< waits for the backend; throws Error where there was no image

 private:
  Backend& backend_;
  Arena& arena_;
  FoldedNetwork folded_;
  std::int64_t part_;
  Tensor confusion_, loss_;
};

/// So many images at a time that their widest layer stays near the caches, and memory small.
std::int64_t images_at_once(const LayerList& layers);
void run_in_parts(const FoldedNetwork& network, Arena& scratch, std::int64_t part, const View& images,
                  const View& logits);

/// A step as programs of its backend, one for each size of a batch, in memory that is reserved before the first run. All are
/// recorded anew where a batch lies elsewhere than the one before, or needs more memory than all before.
class StepProgram {
 public:
  /// `bytes`: what the step takes from the arena for so many images.
  StepProgram(Backend& backend, Arena& arena, std::function<void(const Batch&)> step,
              std::function<std::size_t(std::int64_t images)> bytes);
  void run(const Batch& batch);

 private:
  Backend& backend_;
  Arena& arena_;
  std::function<void(const Batch&)> step_;
  std::function<std::size_t(std::int64_t)> bytes_;
  struct Sized {
    std::size_t needed = 0;  ///< bytes: not always more for more images
    std::unique_ptr<Program> program;
  };
  void forget_programs();

  std::map<std::int64_t, Sized> by_images_;
  std::size_t reserved_ = 0;
  Batch batch_;
};

}  // namespace danas
