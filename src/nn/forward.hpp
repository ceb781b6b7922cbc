// The three ways a network is run: on the tape in training mode, the same for its statistics alone, and folded for
// inference.
#pragma once

#include <functional>
#include <vector>

#include "nn/network.hpp"

namespace danas {

inline constexpr double batch_norm_epsilon = 1e-3;  ///< as Keras' MobileNetV2

/// The nodes of one forward pass in training mode.
struct Forward {
  struct Exit { int stage; Tape::Value features, logits; };  ///< [n, 1, 1, features], [n, 1, 1, classes]

  Tape::Value stem;
  std::vector<Tape::Value> blocks;   ///< as shape.blocks
  Tape::Value last;                  ///< the last 1×1 convolution's output; id < 0 where it is absent
  std::vector<Exit> exits;           ///< as parameters.heads; all but the network's own exit see stopped gradients
};

/// `parameters` are those of `shape`; images [n, h, w, shape.channels] must outlive the step.
Forward forward_training(Tape& tape, const NetworkShape& shape, const NetworkParameters& parameters, const View& images);

/// What one normalization made of a batch; `weights` are those that it belongs to.
using StatisticsObserver = std::function<void(const Tape::Normalization& normalization)>;

/// The same forward pass, bit for bit, up to the last normalization and without a tape: every block's memory is given back
/// once its output is there, so that it needs that of the widest block. The normalizations come in forward order; their
/// statistics are valid during the call.
void forward_statistics(Backend& backend, Arena& arena, const NetworkShape& shape, const NetworkParameters& parameters,
                        const View& images, const StatisticsObserver& observe);

/// A slice with its batch normalization folded into dense filters and biases, up to the slice's own exit.
class FoldedNetwork {
 public:
  /// What a stage of the network gives: "stem", "blocks.0" …, "last".
  using Observer = std::function<void(const std::string& name, const View& output)>;

  /// Takes the memory of filters and biases from the arena; valid until that is rewound or reset. Throws Error where the
  /// parameters hold no head for the exit.
  FoldedNetwork(Backend& backend, Arena& arena, const NetworkShape& shape, const NetworkParameters& parameters);

  /// Writes logits [n, 1, 1, classes]. Needs memory for the two widest block outputs beside one block's scratch, whatever
  /// the depth; all of it is given back.
  void run(const View& images, const View& logits, const Observer& observe = {}) const;

 private:
  struct Convolution { Filter filter; View bias; };
  Convolution fold(const Filter& filter, const BatchNormWeights& weights) const;

  Backend& backend_;
  Arena& arena_;
  NetworkShape shape_;
  Convolution stem_, last_;
  std::vector<FoldedBottleneck> blocks_;
  Filter head_;
  View head_bias_;
};

}  // namespace danas
