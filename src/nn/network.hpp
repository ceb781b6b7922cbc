// Network: the weights of a supernet or of one dense candidate, and views of their slices.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/architecture.hpp"
#include "tensor/tape.hpp"
#include "tensor/tensor.hpp"

namespace danas {

/// Views of the weights (and gradients) of one slice, in forward order.
struct NetworkParameters {
  struct Head { int stage; FilterParameter weight; VectorParameter bias; };
  FilterParameter stem;              BatchNormParameter stem_bn;
  std::vector<BottleneckParameter> blocks;
  FilterParameter last;              BatchNormParameter last_bn;   ///< absent where the slice ends before stage 7
  std::vector<Head> heads;           ///< by stage, ascending
};

/// A weight by its name in a checkpoint ("blocks.4.expand.weight", "heads.7.bias", "stem.bn.running_mean", …).
struct NamedWeight {
  std::string name;
  View view;                         ///< dense, 1-D or flattened
  std::vector<std::int64_t> shape;   ///< as stored: HWIO, HWC1 → [h, w, c] for depthwise, [in, out] for dense
  bool trainable = true;             ///< false for running statistics
};

/// Trainable weights lie in one buffer, gradients in another, running statistics in a third, so that an optimizer step is
/// one call. A supernet has one head per exit (after stage 2 and each later one), a candidate only its own.
class Network {
 public:
  /// Glorot-uniform kernels as Keras, γ 1, β 0, running mean 0, variance 1, drawn from (seed, weight's name).
  Network(Backend& backend, NetworkShape shape, std::vector<int> head_stages, std::uint64_t seed);

  /// With a head per exit.
  static Network supernet(Backend& backend, const NetworkShape& shape, std::uint64_t seed);
  /// A dense copy of a slice of this network with its own head: an ordinary network that shares nothing.
  Network gather(const NetworkShape& slice) const;

  const NetworkShape& shape() const { return shape_; }
  Backend& backend() const { return *backend_; }

  /// Views of the first channels of every layer that `slice` names (shape() itself: the whole network). Heads: all of this
  /// network's heads whose stage the slice reaches.
  NetworkParameters parameters(const NetworkShape& slice, bool with_gradients) const;

  const std::vector<NamedWeight>& weights() const { return named_; }
  const View& values() const { return values_.view(); }       ///< all trainable weights; zeros between them for alignment
  const View& gradients() const { return gradients_.view(); } ///< laid out as values()
  std::int64_t trainable_count() const;                       ///< of weights, without the gaps of values()

 private:
  struct FilterPlace { std::int64_t offset = 0, h = 1, w = 1, in = 0, out = 0; };       ///< in values_
  struct BatchNormPlace { std::int64_t gamma = 0, beta = 0, mean = 0, variance = 0, channels = 0; };
  struct BlockPlaces { FilterPlace expand, depthwise, project; BatchNormPlace bn1, bn2, bn3; };
  struct HeadPlaces { int stage; FilterPlace weight; std::int64_t bias; };
  class Placement;

  /// Places for all weights, all zero.
  Network(Backend& backend, NetworkShape shape, std::vector<int> head_stages);
  void initialize(std::uint64_t seed);
  FilterParameter filter(const FilterPlace& place, std::int64_t in, std::int64_t out, bool with_gradients) const;
  VectorParameter vector(std::int64_t offset, std::int64_t size, bool with_gradients) const;
  BatchNormParameter batch_norm(const BatchNormPlace& place, std::int64_t channels, bool with_gradients) const;
  BottleneckParameter block(const BlockShape& shape, bool with_gradients) const;

  Backend* backend_;
  NetworkShape shape_;
  Tensor values_, gradients_, statistics_;
  std::vector<NamedWeight> named_;

  FilterPlace stem_, last_;
  BatchNormPlace stem_bn_, last_bn_;
  std::vector<BlockPlaces> blocks_;  ///< as shape_.blocks
  std::vector<HeadPlaces> heads_;    ///< by stage, ascending
};

}  // namespace danas
