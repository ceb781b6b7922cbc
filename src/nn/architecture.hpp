// What a network looks like: data configuration, architecture, and the layer shapes that follow from them.
// MobileNetV2 (Sandler et al., 2018) as Keras builds it, sliced as design "corrected": see slice_channels().
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"

namespace danas {

enum class Color { monochrome, rgb };
template <>
inline constexpr std::array names<Color>{"monochrome", "rgb"};

std::string_view color_name(Color color);            ///< "monochrome", "rgb"
Color parse_color(std::string_view name);            ///< throws Error
std::string depth_text(const std::array<int, 5>& depth);   ///< "3-4-3-3-1"
std::array<int, 5> parse_depth(std::string_view text);     ///< what depth_text() gives; throws Error

struct DataConfiguration {
  int resolution = 96;
  Color color = Color::rgb;

  int channels() const { return color == Color::rgb ? 3 : 1; }
  std::string text() const;                          ///< "96-monochrome"
  auto operator<=>(const DataConfiguration&) const = default;
};

/// Blocks in stages 3 to 7: those of MobileNetV2, the most that there can be.
inline constexpr std::array<int, 5> full_depth{3, 4, 3, 3, 1};

/// Blocks kept in stages 3 to 7 (at most full_depth; a stage of 0 ends the network) and the share of channels.
struct Architecture {
  std::array<int, 5> depth = full_depth;
  double width = 1.0;

  std::string text() const;                          ///< "3-4-3-3-1 0.5"
  bool operator==(const Architecture&) const = default;
};

/// The name of a whole system: "96,monochrome,2-2-0-0-0,0.3". parse_* accept exactly what *_text gives; throw Error.
struct System {
  DataConfiguration data;
  Architecture architecture;

  std::string text() const;
  bool operator==(const System&) const = default;
};
/// "96,monochrome,2-2-0-0-0,0.3"; throws Error. A system has one name in files: parse_system takes only what text()
/// writes, read_system also another spelling of the width ("1", "0.50"), as people write it.
System parse_system(std::string_view text);
System read_system(std::string_view text);

/// One inverted bottleneck; `index` (0 to 16) and `stage` (1 to 7) are those of the full network.
struct BlockShape {
  int index = 0, stage = 1;
  int in = 0, expanded = 0, out = 0;                 ///< expanded == in where there is no expansion (block 0)
  int stride = 1;
  bool residual = false;

  bool has_expansion() const { return index > 0; }
  bool operator==(const BlockShape&) const = default;
};

struct NetworkShape {
  int resolution = 0, channels = 0, classes = 2;
  int stem = 0;                                      ///< channels after the stride-2 stem
  std::vector<BlockShape> blocks;
  int last = 0;                                      ///< channels of the last 1×1 convolution; 0 where it is absent
  int exit_stage() const { return blocks.back().stage; }
  int features() const { return last > 0 ? last : blocks.back().out; }  ///< inputs of the head
  bool operator==(const NetworkShape&) const = default;
};

/// Keras' MobileNetV2 of width `base_width` (channels made divisible by 8; last convolution 1280).
NetworkShape full_shape(int resolution, int channels, double base_width, int classes);
/// A supernet of base width 1 for rgb, 1/3 for monochrome; it has the first `depth` blocks of stages 3 to 7, so that
/// nothing is trained that no slice of it can use.
NetworkShape supernet_shape(const DataConfiguration& data, const std::array<int, 5>& depth, int classes);
/// min(C, the multiple of 4 nearest to C·α, at least 4; plus 4 if below 0.9·C·α).
int slice_channels(int channels, double width);
/// The first k channels of every layer and the first blocks of every stage; throws Error where `full` has fewer.
NetworkShape slice_shape(const NetworkShape& full, const Architecture& architecture);
NetworkShape system_shape(const System& system, int classes);

/// One layer of the fused network (BN folded, ReLU6 in the layer), for layer tables and estimators.
struct Layer {
  std::string name, kind;                            ///< "blocks.4.expand", "conv 1x1" …
  int in_height = 0, in_width = 0, in_channels = 0;
  int out_height = 0, out_width = 0, out_channels = 0;
  long long parameters = 0, parameters_folded = 0;   ///< trainable; with BN folded into one bias a channel
  long long macs = 0;
  long long kept = 0;                                ///< elements of a block's input that a residual keeps alive meanwhile
};
std::vector<Layer> layers(const NetworkShape& shape);

}  // namespace danas
