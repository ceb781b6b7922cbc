#include "data/loader.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "data/resize.hpp"

namespace danas {

namespace {

// One batch on its way; everything in it is used again.
struct Slot {
  std::vector<std::int64_t> indices;
  std::vector<std::int32_t> labels;
  std::vector<Image> images;
  std::vector<Crop> crops;
  std::vector<std::vector<std::uint8_t>> buffers;
  View view;
  std::exception_ptr failure;
  bool ready = false;
};

// Workers fill a ring of slots, one batch each, in any order; next() hands them out in order.
class Pipeline {
 public:
  /// Puts the images of a batch into slot.indices.
  using Choose = std::function<void(std::int64_t batch, Slot& slot)>;
  using CropOf = std::function<Crop(const Image& image, std::int64_t batch, std::int64_t position)>;

  struct Shape { int resolution, channels, batch, workers; };

  Pipeline(const ImageStore& store, Split split, const Shape& shape, std::int64_t first, std::int64_t last,
           Choose choose, CropOf crop_of)
      : store_(store), split_(split), shape_(checked(shape)), choose_(std::move(choose)), crop_of_(std::move(crop_of)),
        backend_(make_cpu_backend(1)), slots_(static_cast<std::size_t>(shape.workers) + 2), claimed_(first),
        next_(first), last_(last) {
    try {
      for (Slot& slot : slots_) reserve(slot);
      for (int i = 0; i < shape.workers; ++i) workers_.emplace_back([this] { work(); });
    } catch (...) {
      stop();
      throw;
    }
  }

  ~Pipeline() { stop(); }

  LoadedBatch next() {
    std::unique_lock lock(mutex_);
    if (shown_) {  // the batch of the last call is given back
      slot_of(next_ - 1).ready = false;
      shown_ = false;
      freed_.notify_one();
    }
    if (next_ >= last_) {
      LoadedBatch end;
      end.images.n = 0;
      return end;
    }
    Slot& slot = slot_of(next_);
    filled_.wait(lock, [&] { return slot.ready; });
    if (slot.failure) std::rethrow_exception(slot.failure);  // stays: every later call fails the same way
    ++next_;
    shown_ = true;
    View view = slot.view;
    view.n = static_cast<std::int64_t>(slot.labels.size());
    return {view, slot.labels};
  }

 private:
  static const Shape& checked(const Shape& shape) {
    if (shape.resolution < 1 || shape.batch < 1 || shape.workers < 1 || (shape.channels != 1 && shape.channels != 3))
      throw expected("loader", "a positive resolution, batch and number of workers, and 1 or 3 channels",
                     std::to_string(shape.resolution) + ", " + std::to_string(shape.batch) + ", " +
                         std::to_string(shape.workers) + ", " + std::to_string(shape.channels));
    return shape;
  }

  Slot& slot_of(std::int64_t batch) { return slots_[static_cast<std::size_t>(batch) % slots_.size()]; }

  void reserve(Slot& slot) {
    const auto batch = static_cast<std::size_t>(shape_.batch);
    slot.indices.reserve(batch);
    slot.labels.reserve(batch);
    slot.images.reserve(batch);
    slot.crops.reserve(batch);
    slot.buffers.resize(batch);
    slot.view = {Type::f32, nullptr, shape_.batch, shape_.resolution, shape_.resolution, shape_.channels};
    slot.view.data = backend_->allocate(slot.view.bytes());
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    freed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    for (Slot& slot : slots_) backend_->release(slot.view.data);
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      // A batch may be claimed while its slot is free: all those before it in the ring have been read.
      const auto free = [&] {
        const std::int64_t oldest = shown_ ? next_ - 1 : next_;
        return claimed_ < last_ && claimed_ < oldest + static_cast<std::int64_t>(slots_.size());
      };
      freed_.wait(lock, [&] { return stopping_ || free() || claimed_ >= last_; });
      if (stopping_ || claimed_ >= last_) return;
      const std::int64_t batch = claimed_++;
      lock.unlock();
      Slot& slot = slot_of(batch);
      slot.failure = nullptr;
      try {
        fill(batch, slot);
      } catch (...) {
        slot.failure = std::current_exception();
      }
      lock.lock();
      slot.ready = true;
      filled_.notify_all();
    }
  }

  void fill(std::int64_t batch, Slot& slot) {
    slot.indices.clear();
    slot.labels.clear();
    slot.images.clear();
    slot.crops.clear();
    choose_(batch, slot);
    for (std::size_t i = 0; i < slot.indices.size(); ++i) {
      slot.images.push_back(store_.image(split_, slot.indices[i], slot.buffers[i]));
      slot.labels.push_back(store_.label(split_, slot.indices[i]));
      slot.crops.push_back(crop_of_(slot.images.back(), batch, static_cast<std::int64_t>(i)));
    }
    View out = slot.view;
    out.n = static_cast<std::int64_t>(slot.images.size());
    serial_backend().augment(slot.images, slot.crops, out);
  }

  const ImageStore& store_;
  Split split_;
  Shape shape_;
  Choose choose_;
  CropOf crop_of_;
  std::unique_ptr<Backend> backend_;
  std::vector<Slot> slots_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable freed_, filled_;
  std::int64_t claimed_, next_, last_;
  bool shown_ = false, stopping_ = false;
};

// Where the endless sequence of training images leads: a permutation for each epoch, the last two kept.
class Epochs {
 public:
  Epochs(std::int64_t size, std::uint64_t seed) : size_(size), seed_(seed) {}

  void positions(std::int64_t first, int count, std::vector<std::int64_t>& out) {
    const std::lock_guard lock(mutex_);
    for (std::int64_t position = first; position < first + count; ++position)
      out.push_back(permutation(position / size_)[static_cast<std::size_t>(position % size_)]);
  }

 private:
  const std::vector<std::uint32_t>& permutation(std::int64_t epoch) {
    Epoch& kept = kept_[epoch % 2];
    if (kept.number != epoch) {
      kept.order.resize(static_cast<std::size_t>(size_));
      std::iota(kept.order.begin(), kept.order.end(), 0u);
      Random(seed_, "epoch", static_cast<std::uint64_t>(epoch)).shuffle(kept.order);
      kept.number = epoch;
    }
    return kept.order;
  }

  struct Epoch { std::int64_t number = -1; std::vector<std::uint32_t> order; };
  std::int64_t size_;
  std::uint64_t seed_;
  std::mutex mutex_;
  Epoch kept_[2];
};

Crop centered(const Image& image, int width, int height) {
  return {(image.width - width) / 2, (image.height - height) / 2, width, height, false};
}

}  // namespace

Crop evaluation_crop(const Image& image) {
  const int side = std::min(image.width, image.height);
  return centered(image, side, side);
}

Crop training_crop(const Image& image, double min_area, std::uint64_t seed, std::int64_t step, std::int64_t position) {
  Random random(seed, "crop", static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(position));
  const bool flip = random.uniform() < 0.5;
  const double area = double(image.width) * image.height;
  Crop crop = evaluation_crop(image);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double wanted = area * random.uniform(min_area, 1.0);
    const double aspect = std::exp(random.uniform(std::log(3.0 / 4.0), std::log(4.0 / 3.0)));
    const auto width = static_cast<int>(std::lround(std::sqrt(wanted * aspect)));
    const auto height = static_cast<int>(std::lround(std::sqrt(wanted / aspect)));
    if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
    crop = {static_cast<int>(random.below(static_cast<std::uint64_t>(image.width - width) + 1)),
            static_cast<int>(random.below(static_cast<std::uint64_t>(image.height - height) + 1)), width, height,
            false};
    break;
  }
  crop.flip = flip;
  return crop;
}

struct TrainingLoader::State {
  State(const ImageStore& store, const Pipeline::Shape& shape, double min_area, std::uint64_t seed, std::int64_t first)
      : epochs(store.size(Split::train), seed),
        pipeline(store, Split::train, shape, first, std::numeric_limits<std::int64_t>::max(),
                 [this, batch = shape.batch](std::int64_t step, Slot& slot) {
                   epochs.positions(step * batch, batch, slot.indices);
                 },
                 [=](const Image& image, std::int64_t step, std::int64_t position) {
                   return training_crop(image, min_area, seed, step, position);
                 }) {}

  Epochs epochs;
  Pipeline pipeline;
};

TrainingLoader::TrainingLoader(const ImageStore& store, int resolution, int channels, int batch, double min_area,
                               std::uint64_t seed, std::int64_t first_step, int workers) {
  if (store.size(Split::train) == 0) throw expected("loader", "training images", "none");
  if (!(min_area > 0 && min_area <= 1))
    throw expected("data.crop_min_area", "above 0, at most 1", std::to_string(min_area));
  state_ = std::make_unique<State>(store, Pipeline::Shape{resolution, channels, batch, workers}, min_area, seed,
                                   first_step);
}

TrainingLoader::~TrainingLoader() = default;
LoadedBatch TrainingLoader::next() { return state_->pipeline.next(); }

struct EvaluationLoader::State {
  State(const ImageStore& store, Split split, const Pipeline::Shape& shape, std::vector<std::int64_t> chosen)
      : order(std::move(chosen)),
        pipeline(store, split, shape, 0,
                 (static_cast<std::int64_t>(order.size()) + shape.batch - 1) / std::max(shape.batch, 1),
                 [this, batch = shape.batch](std::int64_t step, Slot& slot) {
                   const auto first = order.begin() + step * batch;
                   slot.indices.assign(first, first + std::min<std::int64_t>(batch, order.end() - first));
                 },
                 [](const Image& image, std::int64_t, std::int64_t) { return evaluation_crop(image); }) {}

  std::vector<std::int64_t> order;
  Pipeline pipeline;
};

EvaluationLoader::EvaluationLoader(const ImageStore& store, Split split, int resolution, int channels, int batch,
                                   std::int64_t limit, std::uint64_t seed, int workers) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(store.size(split)));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (limit > 0 && limit < static_cast<std::int64_t>(order.size())) {
    Random(seed, "recalibration").shuffle(order);
    order.resize(static_cast<std::size_t>(limit));
  }
  state_ =
      std::make_unique<State>(store, split, Pipeline::Shape{resolution, channels, batch, workers}, std::move(order));
}

EvaluationLoader::~EvaluationLoader() = default;
LoadedBatch EvaluationLoader::next() { return state_->pipeline.next(); }

}  // namespace danas
