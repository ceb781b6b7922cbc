// A network as a list of layers: whatever places weights, runs, counts, converts or draws a network walks its list.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/backend.hpp"
#include "tensor/extent.hpp"

namespace danas {

enum class LayerKind : std::uint8_t {
  convolution,          ///< k × k
  depthwise,            ///< k × k, a filter a channel
  inverted_bottleneck,  ///< MobileNetV2's block: 1×1 expansion, 3×3 depthwise, 1×1 projection, each normalized
  global_average_pool,
  flatten,  ///< height × width × channels become channels
  dense,
  head  ///< global average pool, then dense: logits
};

/// One layer and its activation. It takes the output of the layer before it in the list; a head before the last layer is a
/// branch, which sees that output with its gradient stopped and which nothing follows.
struct LayerSpec {
  std::string name;  ///< "stem", "blocks.4"; unique in its list but for "pool"
  LayerKind kind = LayerKind::convolution;
  int stage = 0;  ///< of the network it belongs to; what that means is the network's
  Extent in, out;
  int kernel = 1;  ///< of convolutions
  Geometry geometry;
  Activation activation = Activation::none;
  std::string weight;         ///< its filter is named weight + ".weight", its bias weight + ".bias"
  std::string normalization;  ///< of its batch normalization, in the bias's place; empty: none
  int expanded = 0;           ///< inverted bottleneck: channels in its middle; in.channels: no expansion
  bool residual = false;      ///< inverted bottleneck: adds its input to its output
  /// The last channels that a 0/1 mask sets to zero before the normalization, which makes a constant of each. A block's are
  /// those of its expansion, or without one of its depthwise convolution.
  int masked = 0;
  std::int64_t kept = 0;  ///< unfolded: elements of the block's input kept for the residual

  bool expands() const { return expanded != in.channels; }
  bool normalized() const { return !normalization.empty(); }
  bool operator==(const LayerSpec&) const = default;
};
using LayerList = std::vector<LayerSpec>;

/// The layer after `in`; `out` follows from kernel and geometry. A convolution is normalized, see LayerSpec.
LayerSpec convolution(std::string name, const Extent& in, int channels, int kernel, const Geometry& geometry,
                      Activation activation);
/// The same with a bias.
LayerSpec biased_convolution(std::string name, const Extent& in, int channels, int kernel, const Geometry& geometry,
                             Activation activation);
LayerSpec inverted_bottleneck(std::string name, const Extent& in, int expanded, int channels, int stride,
                              bool residual);
LayerSpec flatten(const Extent& in);
LayerSpec dense(std::string name, const Extent& in, int channels, Activation activation);
LayerSpec head(std::string name, const Extent& in, int classes);

/// The same network in convolutions, depthwise convolutions, pools and dense layers alone: those of a block are
/// "blocks.4.expand", "blocks.4.depthwise", "blocks.4.project", those of a head "pool" and "heads.7".
LayerList unfold(const LayerList& layers);
LayerList unfold(const LayerSpec& layer);

inline const Extent& input_of(const LayerList& layers) { return layers.front().in; }
inline int classes_of(const LayerList& layers) { return layers.back().out.channels; }
inline bool is_branch(const LayerList& layers, std::size_t index) {
  return layers[index].kind == LayerKind::head && index + 1 < layers.size();
}
/// Heads, or the last layer: what has a loss of its own in training.
std::int64_t exits_of(const LayerList& layers);

/// One layer with its batch normalization folded in, as an inference engine has it.
struct Layer {
  std::string name, kind;  ///< "blocks.4.expand", "conv 1x1" …
  Extent in, out;
  std::int64_t parameters = 0,
               parameters_folded = 0;  ///< trainable; with the normalization folded into one bias a channel
  std::int64_t macs = 0;
  std::int64_t kept = 0;  ///< elements of a block's input that a residual keeps alive meanwhile
};
/// The layers of the way to the last one; flattening, which computes nothing, has no row.
std::vector<Layer> layer_table(const LayerList& layers);

}  // namespace danas
