// Network: the weights of a supernet or of one dense candidate, and views of their slices.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "nn/layer.hpp"
#include "tensor/tape.hpp"
#include "tensor/tensor.hpp"

namespace danas {

/// Views of one layer's weights (and gradients); those that its kind has not are absent.
struct LayerParameters {
  FilterParameter filter;  ///< of convolution, depthwise convolution, dense layer, head
  VectorParameter bias;    ///< of those, where they are not normalized
  BatchNormParameter normalization;
  BottleneckParameter bottleneck;
};

/// A weight by its name in a checkpoint ("blocks.4.expand.weight", "heads.7.bias", "stem.bn.running_mean", …).
struct NamedWeight {
  std::string name;
  View view;                        ///< dense, 1-D or flattened
  std::vector<std::int64_t> shape;  ///< as stored: HWIO, HWC1 → [h, w, c] for depthwise, [in, out] for dense
  bool trainable = true;            ///< false for running statistics
};

/// Trainable weights lie in one buffer, gradients in another, running statistics in a third, so that an optimizer step of
/// the whole network is one call. Where activations have another type than weights, operations read filters from a copy of that type.
/// Masked channels (LayerSpec::masked) have filters of zeros and no gradients of them: no operation knows of masks.
class Network {
 public:
  /// All weights are zero.
  Network(Backend& backend, LayerList layers);
  /// Glorot-uniform kernels as Keras, γ 1, β 0, running mean 0, variance 1, drawn from (seed, weight's name).
  Network(Backend& backend, LayerList layers, std::uint64_t seed);

  /// As a new network's, the weights whose names begin so.
  void initialize(std::uint64_t seed, std::string_view prefix = "");

  /// A dense copy of a slice of this network: an ordinary network that shares nothing.
  Network gather(const LayerList& slice) const;
  /// Takes over the weights of layers of such a copy. Filters of its masked channels are none of its own: they stay here.
  void put_back(const Network& copy, const LayerList& layers);

  const LayerList& layers() const { return layers_; }
  Backend& backend() const { return *backend_; }

  /// Views of the first channels of every layer that `slice` names (layers() itself: the whole network), in its order.
  /// Throws Error where this network has not all of them.
  std::vector<LayerParameters> parameters(const LayerList& slice, bool with_gradients) const;

  /// The trainable weights of a slice: each a filter, vectors as filters of one row. What a buffer laid out as values() has of
  /// them lies as far from its beginning.
  std::vector<Filter> trainable(const LayerList& slice) const;

  /// To be told before the views of parameters() are read, once weights have changed: the copy that operations read. By the
  /// backend that reads them, which may be another lane's than that the network was made on.
  void update_working_copy(Backend& on) const;
  /// To be told after a backward pass, before gradients() are read, by the backend that does.
  void clear_masked_gradients(Backend& on) const;

  const std::vector<NamedWeight>& weights() const { return named_; }
  const View& values() const { return values_.view(); }  ///< all trainable weights; zeros between them for alignment
  const View& gradients() const { return gradients_.view(); }  ///< laid out as values()
  std::int64_t trainable_count() const;                        ///< of weights, without the gaps of values()

 private:
  class Placement;

  const NamedWeight& named(const std::string& name) const;
  View gradient_of(const NamedWeight& weight, const View& value) const;
  FilterParameter filter(const LayerSpec& layer, bool with_gradients) const;
  Filter working(const Filter& filter) const;  ///< where operations read it
  VectorParameter vector(const std::string& name, std::int64_t size, bool with_gradients) const;
  LayerParameters plain(const LayerSpec& layer, bool with_gradients) const;
  BottleneckParameter bottleneck(const LayerSpec& block, bool with_gradients) const;
  void clear_masked_filters() const;

  Backend* backend_;
  LayerList layers_;
  Tensor values_, gradients_, statistics_;
  Tensor working_;                       ///< values() in the activation type; none where that is the weight type
  std::vector<FilterParameter> masked_;  ///< the filters of masked channels
  std::vector<NamedWeight> named_;
  std::unordered_map<std::string, std::size_t> places_;  ///< in named_, by name
};

}  // namespace danas
