// Batches prepared by background threads: the machinery of the loaders.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "data/image_table.hpp"
#include "tensor/batch_feed.hpp"
#include "tensor/extent.hpp"

namespace danas {

/// Where batches go, and who makes their images: the pipeline's threads, in f32 in the host's memory; or a backend of other
/// memory, as these threads plan them.
struct Destination {
  Backend* backend = nullptr;         ///< none, or one of the host's memory: prepared by the threads
  const ImageTable* table = nullptr;  ///< of the set, in the backend's memory; none: pixels travel with each batch
};

/// The threads of a pipeline: those that it begins with, and the most that there may be (0: the CPUs that there are).
struct Workers {
  int first = 1, most = 0;
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
  static constexpr std::size_t ring = BatchFeed::slots;  ///< batches in memory: one shown, one ready, one being filled

  /// Throws Error on an impossible size. A backend that is the destination is used by next() and here alone.
  BatchPipeline(const ImageSet& set, const Extent& input, BatchPlan plan, Workers workers, Destination to);
  ~BatchPipeline();
  BatchPipeline(const BatchPipeline&) = delete;
  BatchPipeline& operator=(const BatchPipeline&) = delete;

  /// The next batch, valid until the next call; after the last an empty one. In a backend's memory batches of a size lie in
  /// the same place. Rethrows a worker's exception: Error where a label is none of the set's classes.
  Batch next();

 private:
  // One batch on its way; everything in it is used again.
  struct Slot {
    std::vector<std::int64_t> indices;
    std::vector<std::int32_t> labels;
    std::vector<Image> images;
    std::vector<Crop> crops;
    View view;                           // of prepared images
    std::atomic<std::size_t> staged{0};  // bytes of pixels, in no order
    std::size_t left = 0;                // images to be filled
    std::exception_ptr failure;
    bool ready = false;
  };
  static constexpr std::size_t images_a_task = 8;
  struct Task {
    Slot* slot = nullptr;
    std::int64_t batch = 0;
    std::size_t begin = 0, end = 0;
  };
  using Buffers = std::array<std::vector<std::uint8_t>, images_a_task>;  // of pixels that are mapped nowhere

  static std::size_t place_of(std::int64_t batch) { return static_cast<std::size_t>(batch) % ring; }
  Slot& slot_of(std::int64_t batch) { return slots_[place_of(batch)]; }
  void reserve(const View& images);
  void add_worker();
  void stop();
  void work();
  bool may_claim() const;
  Task claim();
  void fill(const Task& task, Buffers& buffers);
  void plan(const Task& task, Buffers& buffers) const;
  void stage_pixels(const Task& task);
  void prepare(const Task& task) const;
  Batch taken(std::size_t place);

  const ImageSet& set_;
  BatchPlan plan_;
  const ImageTable* table_;
  std::unique_ptr<Backend> memory_;  // of prepared images
  std::unique_ptr<BatchFeed> feed_;  // or of a backend that makes them
  std::array<Slot, ring> slots_;
  std::vector<std::thread> workers_;
  std::size_t most_workers_;
  std::mutex mutex_;
  std::condition_variable freed_, filled_;
  std::int64_t claimed_, next_;
  std::size_t claimed_images_ = 0;  // of batch claimed_
  bool shown_ = false, stopping_ = false;
};

}  // namespace danas
