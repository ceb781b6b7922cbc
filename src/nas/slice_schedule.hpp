// Which slices of a supernet are trained, step by step: [supernet] scheme.
#pragma once

#include <vector>

#include "nas/experiment.hpp"
#include "nn/trainer.hpp"

namespace danas {

/// Slices are systems of the experiment's space: its widths and depths, of one data configuration. A step's are a pure
/// function of the experiment's seed and the step.
class SliceSchedule {
 public:
  SliceSchedule(const Experiment& experiment, const DataConfiguration& data, int classes);

  /// For Trainer::train(): nothing where every step trains the whole supernet.
  SliceSource source() const;
  /// The networks of a step: the supernet, or slices of it.
  std::vector<LayerList> networks(std::int64_t step) const;
  /// FLOP of products of the whole training; the mean over some of its steps.
  double work() const;

 private:
  LayerList draw(Random& random) const;
  LayerList smallest() const;

  const Experiment& experiment_;
  DataConfiguration data_;
  LayerList supernet_;
  std::vector<Slice> all_, fitting_;  ///< of the space; those within the device's limits
};

}  // namespace danas
