// Batches of images, planned and prepared by background threads while the network trains.
#pragma once

#include <cstdint>
#include <memory>

#include "data/batch_pipeline.hpp"

namespace danas {

/// Endless training batches: epoch e is a permutation of the set drawn from (seed, e); batch `step` holds positions
/// step·batch … of the endless sequence. Batch content depends on (seed, step) alone, whatever the workers. Balanced, an
/// epoch has as many images of every class, smaller ones repeated: the loss weighted by class in expectation, but for a
/// factor.
class TrainingLoader {
 public:
  /// `input`: of the network, to which images are resized. Throws Error for a batch below 1 and for an area not in (0, 1].
  TrainingLoader(const ImageSet& set, const Extent& input, int batch, double min_area, std::uint64_t seed,
                 std::int64_t first_step = 0, Workers workers = {}, Destination to = {}, bool balanced = false);
  ~TrainingLoader();
  /// Batch of the next step (first_step, first_step + 1, …); valid until the next call. Rethrows a worker's Error.
  Batch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How a pass is cut into batches.
enum class Batching {
  full,  ///< of `batch` images, the last one with the rest
  even   ///< none shorter than `batch` but where there are fewer images in all; sizes differ by at most 1
};

/// One pass over the readable images of a set all of which have been looked at, in order, each of them whole; then an
/// empty batch. Throws Error for a batch below 1.
class EvaluationLoader {
 public:
  EvaluationLoader(const ImageSet& set, const Extent& input, int batch, Batching batching = Batching::full,
                   Workers workers = {}, Destination to = {});
  ~EvaluationLoader();
  Batch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace danas
