// Training steps of which slices of a network are what is trained, each at the cost of its own size.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "nn/steps.hpp"

namespace danas {

/// The networks that a step trains on its batch, each the whole network or a slice of it, in place. Of one, its own weights
/// and their moments alone change. Of several, all weights change by the sum of their gradients, running statistics by the
/// first; those after it learn, where they distill, its probabilities in place of the labels (Yu and Huang, "Universally
/// Slimmable Networks", ICCV 2019). Not recorded: every step is another one.
class SliceStep {
 public:
  /// The memory of a step comes from `arena`, of which it reserves what it needs; settings have no micro_batch.
  SliceStep(Arena& arena, const Network& network, Optimizer& optimizer, double batch_norm_momentum, bool distill);
  /// Sums of loss and accuracy are those of the first network, in the last exit's place where it is a slice.
  void run(const std::vector<LayerList>& networks, const Batch& batch);

 private:
  void run_together(const std::vector<LayerList>& networks, const Batch& batch);
  /// Gradients of one of them. The first of its step counts into the optimizer's sums, the others into none.
  void pass(const LayerList& layers, const Batch& batch, bool first);
  Distillation distillation(const Batch& batch, bool first);
  void reserve(const LayerList& layers, std::int64_t images);

  Arena& arena_;
  const Network& network_;
  Optimizer& optimizer_;
  double batch_norm_momentum_;
  bool distill_;
  Tensor answer_;                                   ///< the first network's probabilities
  Tensor ignored_;                                  ///< sums of loss and accuracy that nobody reads
  Tensor sum_;                                      ///< of gradients, laid out as the network's
  std::map<std::vector<int>, std::size_t> needed_;  ///< bytes of a step, by images and extents of layers
  std::size_t reserved_ = 0;
};

}  // namespace danas
