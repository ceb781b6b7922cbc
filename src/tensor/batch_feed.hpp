// The way of batches into a backend's memory, ahead of the steps that take them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "tensor/backend.hpp"
#include "tensor/batch.hpp"

namespace danas {

/// A batch that is still to be made: an image, what is seen of it, and its label.
struct PlannedBatch {
  std::span<const Image> images;  ///< each in BatchFeed::staging(), or in the memory of the backend's device
  std::span<const Crop> crops;
  std::span<const std::int32_t> labels;
};

/// Batches go one after another through `slots` slots: what is made of one is told to the backend while earlier ones may
/// still be under way. Used by the backend's thread, but for staging(), which any thread may write.
class BatchFeed {
 public:
  static constexpr std::size_t slots = 3;  ///< one whose batch is taken, two ahead of it

  virtual ~BatchFeed() = default;
  /// Waits until the host may write staging(slot) again.
  virtual void wait(std::size_t slot) = 0;
  /// The host's memory for pixels that travel with the batch.
  virtual std::span<std::uint8_t> staging(std::size_t slot) = 0;
  /// The batch as Backend::augment makes it, in the backend's memory, always at the same place; for what the backend is
  /// told next, until the next call. `classes` is left to the caller.
  virtual Batch make(std::size_t slot, const PlannedBatch& batch) = 0;
};

/// By augment() and upload(), one after another: what a feed of a backend's own does as well.
std::unique_ptr<BatchFeed> compose_feed(Backend& backend, const View& images, std::size_t staged_bytes);

/// Bytes of a crop's pixels.
std::size_t bytes_of(const Image& image, const Crop& crop);
/// Copies them to `to`, rows dense: image and crop are then what lies there.
void stage(Image& image, Crop& crop, std::uint8_t* to);

}  // namespace danas
