#include "data/loader.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "data/preparation.hpp"

namespace danas {

namespace {

// Each of them once; balanced, classes of fewer have some again, so that all have as many as the largest.
std::vector<std::uint32_t> images_of_epoch(const ImageSet& set, bool balanced) {
  std::vector<std::uint32_t> images(static_cast<std::size_t>(set.size()));
  std::iota(images.begin(), images.end(), 0u);
  if (!balanced) return images;
  std::vector<std::vector<std::uint32_t>> classes(static_cast<std::size_t>(set.classes()));
  for (const std::uint32_t image : images) classes[static_cast<std::size_t>(set.label(image))].push_back(image);
  std::size_t largest = 0;
  for (const auto& of_class : classes) largest = std::max(largest, of_class.size());
  images.clear();
  for (const auto& of_class : classes)
    for (std::size_t i = 0; i < largest && !of_class.empty(); ++i) images.push_back(of_class[i % of_class.size()]);
  return images;
}

// Where the endless sequence of training images leads: a permutation for each epoch, the last two kept.
class Epochs {
 public:
  Epochs(std::vector<std::uint32_t> images, std::uint64_t seed) : images_(std::move(images)), seed_(seed) {}

  void positions(std::int64_t first, std::int64_t count, std::vector<std::int64_t>& out) {
    const auto size = static_cast<std::int64_t>(images_.size());
    for (std::int64_t position = first; position < first + count; ++position)
      out.push_back(permutation(position / size)[static_cast<std::size_t>(position % size)]);
  }

 private:
  const std::vector<std::uint32_t>& permutation(std::int64_t epoch) {
    Epoch& kept = kept_[epoch % 2];
    if (kept.number != epoch) {
      kept.order = images_;
      Random(seed_, "epoch", static_cast<std::uint64_t>(epoch)).shuffle(kept.order);
      kept.number = epoch;
    }
    return kept.order;
  }

  struct Epoch {
    std::int64_t number = -1;
    std::vector<std::uint32_t> order;
  };
  std::vector<std::uint32_t> images_;
  std::uint64_t seed_;
  Epoch kept_[2];
};

// The images [begin, end) of a batch, of a pass over `images`.
struct Cut {
  std::int64_t images, batch;
  Batching batching;

  std::int64_t batches() const {
    return batching == Batching::full ? (images + batch - 1) / batch : std::max<std::int64_t>(images / batch, 1);
  }
  std::int64_t begin(std::int64_t number) const {
    return batching == Batching::full ? std::min(number * batch, images) : number * images / batches();
  }
  std::int64_t largest() const {
    return batching == Batching::full ? std::min(batch, images) : (images + batches() - 1) / batches();
  }
};

void check_batch_size(int batch) {
  if (batch < 1) throw expected("loader", "a positive batch", std::to_string(batch));
}

}  // namespace

struct TrainingLoader::State {
  State(const ImageSet& set, const Extent& input, int batch, double min_area, std::uint64_t seed, std::int64_t first,
        Workers workers, Destination to, bool balanced)
      : preparation(set.preparation()), epochs(images_of_epoch(set, balanced), seed),
        pipeline(set, input, plan(batch, min_area, seed, first), workers, to) {}

  BatchPlan plan(int batch, double min_area, std::uint64_t seed, std::int64_t first) {
    BatchPlan plan{first, std::numeric_limits<std::int64_t>::max(), batch, {}, {}};
    plan.choose = [this, batch](std::int64_t step, std::vector<std::int64_t>& indices) {
      epochs.positions(step * batch, batch, indices);
    };
    plan.crop = [=, this](const Image& image, std::int64_t step, std::int64_t position) {
      return preparation.training_view(image, min_area, seed, step, position);
    };
    return plan;
  }

  const Preparation& preparation;
  Epochs epochs;
  BatchPipeline pipeline;
};

TrainingLoader::TrainingLoader(const ImageSet& set, const Extent& input, int batch, double min_area, std::uint64_t seed,
                               std::int64_t first_step, Workers workers, Destination to, bool balanced) {
  check_batch_size(batch);
  if (!(min_area > 0 && min_area <= 1))
    throw expected("data.crop_min_area", "above 0, at most 1", std::to_string(min_area));
  state_ = std::make_unique<State>(set, input, batch, min_area, seed, first_step, workers, to, balanced);
}

TrainingLoader::~TrainingLoader() = default;
Batch TrainingLoader::next() { return state_->pipeline.next(); }

struct EvaluationLoader::State {
  State(const ImageSet& set, const Extent& input, int batch, Batching batching, Workers workers, Destination to)
      : order(set.readable()), cut{static_cast<std::int64_t>(order.size()), batch, batching},
        pipeline(set, input, plan(), workers, to) {}

  BatchPlan plan() {
    BatchPlan plan{0, cut.batches(), cut.largest(), {}, {}};
    plan.choose = [this](std::int64_t number, std::vector<std::int64_t>& indices) {
      indices.assign(order.begin() + cut.begin(number), order.begin() + cut.begin(number + 1));
    };
    plan.crop = [](const Image& image, std::int64_t, std::int64_t) { return whole(image); };
    return plan;
  }

  std::vector<std::uint32_t> order;
  Cut cut;
  BatchPipeline pipeline;
};

EvaluationLoader::EvaluationLoader(const ImageSet& set, const Extent& input, int batch, Batching batching,
                                   Workers workers, Destination to) {
  check_batch_size(batch);
  state_ = std::make_unique<State>(set, input, batch, batching, workers, to);
}

EvaluationLoader::~EvaluationLoader() = default;
Batch EvaluationLoader::next() { return state_->pipeline.next(); }

}  // namespace danas
