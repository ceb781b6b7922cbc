// Which slices of a supernet are trained, step by step: [supernet] scheme.
#pragma once

#include <functional>
#include <vector>

#include "base/random.hpp"
#include "nas/experiment.hpp"
#include "nn/mobilenet_v2.hpp"
#include "nn/trainer.hpp"

namespace danas {

/// Slices are systems of the experiment's space: its widths and depths, of one data configuration. A step's are a pure
/// function of the experiment's seed and the step.
class SliceSchedule {
 public:
  SliceSchedule(const Experiment& experiment, const DataConfiguration& data, int classes);

  const LayerList& supernet() const { return supernet_; }
  /// For Trainer::train(): nothing where every step trains the whole supernet.
  SliceSource source() const;
  /// The networks of a step: the supernet, or slices of it.
  std::vector<LayerList> networks(std::int64_t step) const;
  /// A step of each kind with the largest slice wherever one is drawn: those that take most memory.
  std::vector<std::vector<LayerList>> largest_steps() const;
  /// The mean of a step's multiply-adds, of which a step of the whole supernet takes 1.
  double share_of_full() const;
  /// FLOP of products of the whole training.
  double work() const;

 private:
  using Draw = std::function<const Slice&()>;
  std::vector<LayerList> networks(std::int64_t step, const Draw& draw) const;
  const Slice& draw(Random& random) const;
  LayerList layers_of(const Slice& slice) const { return slice_layers(supernet_, slice); }
  Measures needs_of(const Slice& slice) const;
  double mean_macs(const std::vector<Slice>& slices) const;

  const Experiment& experiment_;
  DataConfiguration data_;
  int classes_;
  LayerList supernet_;
  std::vector<Slice> all_,
      fitting_;  ///< of the space, from the smallest to the largest; those within the device's limits
};

}  // namespace danas
