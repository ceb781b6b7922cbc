// Batches of float images, prepared by background threads while the network trains.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "data/image_store.hpp"

namespace danas {

/// Random area crop as Inception (area share in [min_area, 1], aspect in [3/4, 4/3], ten tries, then the center) and
/// mirror with probability ½, from (seed, step, position) alone.
Crop training_crop(const Image& image, double min_area, std::uint64_t seed, std::int64_t step, std::int64_t position);
/// The largest centered square: resizing it to r×r is "shorter side resized, center crop".
Crop evaluation_crop(const Image& image);

struct LoadedBatch {
  View images;                               ///< [n, resolution, resolution, channels], f32, [−1, 1]
  std::span<const std::int32_t> labels;
};

/// Endless training batches: epoch e is a permutation of the split drawn from (seed, e); batch `step` holds positions
/// step·batch … of the endless sequence. Batch content depends on (seed, step) alone, whatever the threads.
class TrainingLoader {
 public:
  TrainingLoader(const ImageStore& store, int resolution, int channels, int batch, double min_area, std::uint64_t seed,
                 std::int64_t first_step = 0, int workers = 1);
  ~TrainingLoader();
  /// Batch of the next step (first_step, first_step + 1, …); valid until the next call. Rethrows a worker's Error.
  LoadedBatch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One pass over a split (or over its first `limit` images of a seeded shuffle where limit > 0 and smaller:
/// recalibration) with evaluation crops; the last batch may be smaller, then an empty one ends the pass.
class EvaluationLoader {
 public:
  EvaluationLoader(const ImageStore& store, Split split, int resolution, int channels, int batch,
                   std::int64_t limit = 0, std::uint64_t seed = 0, int workers = 1);
  ~EvaluationLoader();
  LoadedBatch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace danas
