// Batches prepared by background threads: the machinery of the loaders.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "data/image_set.hpp"
#include "tensor/batch.hpp"

namespace danas {

/// Who crops, mirrors and resizes the images of a batch: the pipeline's threads, or the backend that takes them.
enum class Pixels : std::uint8_t { prepared, planned };

/// The threads of a pipeline: those that it begins with, and the most that there may be (0: the CPUs that there are).
struct Workers {
  int first = 1, most = 0;
};

/// What a batch is made of, for Backend::augment: `images` are in the host's memory. Valid as long as the batch.
struct PlannedBatch {
  std::span<const std::int64_t> indices;  ///< of the images in the set, for who holds its pixels already
  std::span<const Image> images;
  std::span<const Crop> crops;
};

/// How the batches of a pass are chosen.
struct BatchPlan {
  std::int64_t first = 0, last = 0;  ///< batches first … last − 1
  std::int64_t largest = 0;          ///< the most images that a batch has
  /// Puts the set's images of a batch into `indices`, which is empty; called once a batch, in order.
  std::function<void(std::int64_t batch, std::vector<std::int64_t>& indices)> choose;
  /// Called by any thread.
  std::function<Crop(const Image& image, std::int64_t batch, std::int64_t position)> crop;
};

/// A ring of batches. Workers fill a few images at a time, in any order; next() hands batches out in order. Their number
/// grows while next() has to wait: training is kept fed and nothing more. What is in a batch never depends on it.
class BatchPipeline {
 public:
  static constexpr std::size_t ring = 3;  ///< batches in memory: one shown, one ready, one being filled

  /// Throws Error on an impossible size.
  BatchPipeline(const ImageSet& set, int resolution, int channels, BatchPlan plan, Workers workers, Pixels pixels);
  ~BatchPipeline();
  BatchPipeline(const BatchPipeline&) = delete;
  BatchPipeline& operator=(const BatchPipeline&) = delete;

  /// The next batch, in the host's memory and f32, valid until the next call; after the last an empty one. Rethrows a
  /// worker's exception: Error where a label is none of the set's classes. Of planned pixels there is only the shape.
  Batch next();
  PlannedBatch planned() const;  ///< of the batch handed out last

 private:
  // One batch on its way; everything in it is used again.
  struct Slot {
    std::vector<std::int64_t> indices;
    std::vector<std::int32_t> labels;
    std::vector<Image> images;
    std::vector<Crop> crops;
    std::vector<std::vector<std::uint8_t>> buffers;
    View view;
    std::size_t left = 0;  // images to be filled
    std::exception_ptr failure;
    bool ready = false;
  };
  struct Task {
    Slot* slot = nullptr;
    std::int64_t batch = 0;
    std::size_t begin = 0, end = 0;
  };

  Slot& slot_of(std::int64_t batch) { return slots_[static_cast<std::size_t>(batch) % slots_.size()]; }
  void reserve(Slot& slot, int resolution, int channels);
  void add_worker();
  void stop();
  void work();
  bool may_claim() const;
  Task claim();
  void fill(const Task& task) const;

  const ImageSet& set_;
  BatchPlan plan_;
  Pixels pixels_;
  std::unique_ptr<Backend> backend_;
  std::vector<Slot> slots_;
  std::vector<std::thread> workers_;
  std::size_t most_workers_;
  std::mutex mutex_;
  std::condition_variable freed_, filled_;
  std::int64_t claimed_, next_;
  std::size_t claimed_images_ = 0;  // of batch claimed_
  bool shown_ = false, stopping_ = false;
};

}  // namespace danas
