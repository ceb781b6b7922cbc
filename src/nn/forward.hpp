// The three ways a network is run: on the tape in training mode, the same for its statistics alone, and folded for
// inference.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nn/network.hpp"

namespace danas {

inline constexpr double batch_norm_epsilon = 1e-3;  ///< as Keras' MobileNetV2

/// The nodes of one forward pass in training mode.
struct Forward {
  std::vector<Tape::Value> outputs;  ///< of every layer; a head's are its logits
  std::vector<Tape::Value> exits;    ///< logits [n, 1, 1, classes] of the branches and of the last layer, in order
};

/// `parameters` are those of `layers`; images [n, h, w, c], as the first layer takes them, must outlive the step.
Forward forward_training(Tape& tape, const LayerList& layers, const std::vector<LayerParameters>& parameters,
                         const View& images);

/// What one normalization made of a batch; `weights` are those that it belongs to.
using StatisticsObserver = std::function<void(const Tape::Normalization& normalization)>;

/// The same forward pass, bit for bit, up to the last normalization and without a tape: every layer's memory is given back
/// once its output is there, so that it needs that of the widest layer. The normalizations come in forward order; their
/// statistics are valid during the call.
void forward_statistics(Backend& backend, Arena& arena, const LayerList& layers,
                        const std::vector<LayerParameters>& parameters, const View& images,
                        const StatisticsObserver& observe);

/// A network with its batch normalization folded into dense filters and biases, without branches.
class FoldedNetwork {
 public:
  /// What a layer before the last gives: "stem", "blocks.0" …
  using Observer = std::function<void(const std::string& name, const View& output)>;

  /// `parameters` are those of `layers`, which must outlive this. Takes the memory of filters and biases from the arena;
  /// valid until that is rewound or reset.
  FoldedNetwork(Backend& backend, Arena& arena, const LayerList& layers,
                const std::vector<LayerParameters>& parameters);

  /// Writes logits [n, 1, 1, classes]. Takes memory for the two widest outputs beside one layer's scratch, whatever the
  /// depth, from `scratch`; all of it is given back.
  void run(Arena& scratch, const View& images, const View& logits, const Observer& observe = {}) const;

 private:
  struct FoldedLayer {
    Filter filter;
    View bias;
    FoldedBottleneck bottleneck;
    FoldedFeatures features;
  };
  /// Of layer i; with the convolution before it, where that is the block's expansion.
  BottleneckWeights block_of(const std::vector<LayerParameters>& parameters, std::size_t i) const;
  FoldedLayer fold(const Filter& filter, const BatchNormWeights& weights) const;
  /// Compute, for the observer alone, what is never stored of `layer`: what the block after it keeps to itself; what its
  /// features are the mean of, as features of every pixel.
  void observe_joined(Arena& scratch, const LayerSpec& layer, const FoldedLayer& folded, const View& x,
                      const Observer& observe) const;
  void observe_averaged(Arena& scratch, const LayerSpec& layer, const FoldedFeatures& features, const View& x,
                        const Observer& observe) const;
  void run_head(Arena& scratch, const LayerSpec& layer, const FoldedLayer& folded, const View& x,
                const View& logits) const;

  Backend& backend_;
  Arena& arena_;
  const LayerList& layers_;
  std::vector<FoldedLayer> folded_;  ///< as layers_; nothing for branches
  std::int64_t widest_ = 0;          ///< elements of the largest output of one image
};

}  // namespace danas
