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
/// one call. A supernet has one head per exit (after stages 2 … 7), a candidate only its own.
class Network {
 public:
  /// Glorot-uniform kernels as Keras, γ 1, β 0, running mean 0, variance 1, drawn from (seed, weight's name).
  Network(Backend& backend, NetworkShape shape, std::vector<int> head_stages, std::uint64_t seed);

  static Network supernet(Backend& backend, const DataConfiguration& data, int classes, std::uint64_t seed);
  /// A dense copy of a slice of this network with its own head: an ordinary network that shares nothing.
  Network gather(const NetworkShape& slice) const;

  const NetworkShape& shape() const { return shape_; }
  Backend& backend() const { return *backend_; }

  /// Views of the first channels of every layer that `slice` names (shape() itself: the whole network). Heads: all of this
  /// network's heads whose stage the slice reaches.
  NetworkParameters parameters(const NetworkShape& slice, bool with_gradients) const;

  const std::vector<NamedWeight>& weights() const { return named_; }
  const View& values() const { return values_.view(); }       ///< all trainable weights
  const View& gradients() const { return gradients_.view(); }
  std::int64_t trainable_count() const { return values_.size(); }

 private:
  Backend* backend_;
  NetworkShape shape_;
  std::vector<int> head_stages_;
  Tensor values_, gradients_, statistics_;
  std::vector<NamedWeight> named_;
  // … offsets of the weights, declared by network.cpp's author
};

}  // namespace danas
