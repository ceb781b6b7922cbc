// Training and testing of one system on one experiment's data: the search, `danas train` and `danas evaluate` share it.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "data/image_store.hpp"
#include "data/loader.hpp"
#include "data/resident_images.hpp"
#include "nas/experiment.hpp"
#include "nn/checkpoint.hpp"
#include "nn/trainer.hpp"

namespace danas {

/// Images so far, by all that count here.
struct ImageCounts {
  std::atomic<std::int64_t> trained{0}, evaluated{0};
};

/// Makes or opens the images that training and search of a data configuration need, so that what is wrong with them ends
/// the work before it begins.
void prepare_images(const ImageStore& store, const DataConfiguration& data);

/// An endless sequence of training batches: of a data configuration, its order and crops named by a number.
struct BatchStream {
  DataConfiguration data;
  std::uint64_t number = 0;
};
/// The one that a step takes its batch of, the next that it has: a pure function of the step.
using StreamSource = std::function<BatchStream(std::int64_t step)>;

/// Its memory is that of the largest network so far. Several may work side by side, each on a backend of its own.
class SystemTrainer {
 public:
  static constexpr int recalibration_batch = 64;
  using AfterStep = std::function<bool(const StepReport&)>;  ///< false stops early

  /// Where `interrupt` is set, recalibrate() and evaluate() end before their next batch with an Error
  /// (Fault::interrupted).
  SystemTrainer(const Experiment& experiment, const ImageStore& store, Backend& backend, ResidentImages& resident,
                const std::atomic<bool>* interrupt, ImageCounts& counts);

  /// Trains with batches of streams, of which there is one for each data configuration, resuming at `first_step`; returns
  /// the steps done.
  std::int64_t train(Network& network, Optimizer& optimizer, const TrainingSettings& settings,
                     const StreamSource& streams, std::int64_t first_step, const AfterStep& after_step,
                     const SliceSource& slices = {});
  /// Exact batch-normalization statistics for the slice, over [search] recalibration_images training images. The batch
  /// is its own (design: each layer sees inputs normalized by their batch), so that evaluation_batch changes no result.
  void recalibrate(Network& network, const LayerList& slice, const DataConfiguration& data);
  Metrics evaluate(const Network& network, const LayerList& slice, const DataConfiguration& data, Split split);

 private:
  /// Of a set, each of whose images will be taken `uses` times.
  Destination from(const ImageSet& set, double uses);

  const Experiment& experiment_;
  const ImageStore& store_;
  Backend& backend_;
  ResidentImages& resident_;
  const std::atomic<bool>* interrupt_;
  ImageCounts& counts_;
  Trainer trainer_;
};

/// What the images of an experiment are needed for, with `draws` training images of one data configuration.
ImageUse image_use(const Experiment& experiment, std::int64_t draws);
/// Those of a search: a supernet's training, and the training of its share of the systems.
std::int64_t search_draws(const Experiment& experiment);

/// A number for a stream of random numbers, from a seed and a text.
std::uint64_t stream_number(std::uint64_t seed, const std::string& text);

/// Metadata of every network that was trained on a dataset: classes, positive class, preparation, version.
Metadata class_metadata(const DataConfiguration& data, const Dataset& dataset);
/// Metadata of a stand-alone model: the same, its system, and what its layers have of the switches.
Metadata model_metadata(const System& system, const Dataset& dataset, const Switches& switches);

}  // namespace danas
