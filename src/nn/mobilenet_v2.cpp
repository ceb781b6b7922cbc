#include "nn/mobilenet_v2.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace danas {

namespace {

struct Stage {
  int expansion, channels, blocks, stride;
};
constexpr std::array<Stage, 7> stages{{{1, 16, 1, 1},
                                       {6, 24, 2, 2},
                                       {6, 32, full_depth[0], 2},
                                       {6, 64, full_depth[1], 2},
                                       {6, 96, full_depth[2], 1},
                                       {6, 160, full_depth[3], 2},
                                       {6, 320, full_depth[4], 1}}};
constexpr int first_exit_stage = first_optional_stage - 1;
constexpr int last_stage = static_cast<int>(stages.size());
constexpr int stem_channels = 32, last_channels = 1280;
constexpr Geometry pointwise{1, Padding::same};

// Nearest multiple of `divisor`, ties upward, never more than 10 % below the value: as MobileNetV2's authors round.
// The margin keeps products such as 0.7·C from missing a tie by the last bit.
int make_divisible(double value, int divisor) {
  const int rounded = std::max(divisor, static_cast<int>(value + divisor / 2.0 + 1e-9) / divisor * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}

int keras_channels(int channels, double width) { return make_divisible(static_cast<int>(channels * width), 8); }

// The published widths are i·0.1 in double precision: 0.30000000000000004 keeps an element more than 0.3 may.
double published_width(double width) {
  const double tenths = std::round(width * 10);
  return std::abs(width - tenths / 10) < 1e-9 ? tenths * 0.1 : width;
}

bool is_block(const LayerSpec& layer) { return layer.kind == LayerKind::inverted_bottleneck; }

// Blocks that the depths name for a stage; those of the first stages are always there.
bool keeps(const std::array<int, 5>& depth, int stage, int block) {
  return stage < first_optional_stage || block < depth[static_cast<std::size_t>(stage - first_optional_stage)];
}

std::array<int, 5> depth_of(const LayerList& layers) {
  std::array<int, 5> depth{};
  for (const LayerSpec& layer : layers)
    if (is_block(layer) && layer.stage >= first_optional_stage)
      ++depth[static_cast<std::size_t>(layer.stage - first_optional_stage)];
  return depth;
}

LayerSpec exit_head(const LayerSpec& last, int classes) {
  LayerSpec layer = head("heads." + std::to_string(last.stage), last.out, classes);
  layer.stage = last.stage;
  return layer;
}

// Without head.
LayerList trunk(const Extent& input, double base_width) {
  LayerList layers{convolution("stem", input, make_divisible(stem_channels * base_width, 8), 3, {2, Padding::same},
                               Activation::relu6)};
  const auto add = [&](LayerSpec layer, int stage) {
    layer.stage = stage;
    layers.push_back(std::move(layer));
  };
  int index = 0;
  for (int stage = 1; stage <= last_stage; ++stage) {
    const Stage& settings = stages[static_cast<std::size_t>(stage - 1)];
    const int channels = keras_channels(settings.channels, base_width);
    for (int block = 0; block < settings.blocks; ++block) {
      const Extent in = layers.back().out;
      const int stride = block == 0 ? settings.stride : 1;
      add(inverted_bottleneck("blocks." + std::to_string(index++), in, in.channels * settings.expansion, channels,
                              stride, stride == 1 && in.channels == channels),
          stage);
    }
  }
  add(convolution("last", layers.back().out, last_channels, 1, pointwise, Activation::relu6), last_stage);
  return layers;
}

// The first blocks of every stage, the first channels of every layer; without head.
LayerList sliced_trunk(const LayerList& full, const Slice& slice) {
  LayerList layers;
  layers.reserve(full.size());
  int stage = 0, block = 0;
  for (LayerSpec layer : full) {
    if (layer.kind == LayerKind::head) continue;
    if (layer.stage != stage) block = 0;
    stage = layer.stage;
    // The last convolution belongs to the last stage, wherever that has a block.
    if (!keeps(slice.depth, stage, is_block(layer) ? block++ : 0)) continue;
    const int expansion = is_block(layer) ? layer.expanded / layer.in.channels : 0;
    if (!layers.empty()) layer.in = layers.back().out;
    layer.expanded = layer.in.channels * expansion;
    layer.out.channels = slice_channels(layer.out.channels, slice.width);
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace

LayerList mobilenet_v2(const Extent& input, double base_width, int classes) {
  LayerList layers = trunk(input, base_width);
  layers.push_back(exit_head(layers.back(), classes));
  return layers;
}

LayerList with_exit_heads(const LayerList& layers) {
  LayerList result;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].kind == LayerKind::head) continue;
    result.push_back(layers[i]);
    const bool ends_stage = layers[i + 1].kind == LayerKind::head || layers[i + 1].stage != layers[i].stage;
    if (ends_stage && layers[i].stage >= first_exit_stage) result.push_back(exit_head(layers[i], classes_of(layers)));
  }
  return result;
}

LayerList supernet_layers(const Extent& input, const std::array<int, 5>& depth, int classes) {
  return with_exit_heads(slice_layers(input, {depth, 1.0}, classes));
}

int slice_channels(int channels, double width) { return std::min(channels, make_divisible(channels * width, 4)); }

LayerList slice_layers(const LayerList& full, const Slice& slice) {
  check_feasible(slice);
  LayerList layers = sliced_trunk(full, slice);
  if (depth_of(layers) != slice.depth)
    throw expected("architecture " + slice.text(), "at most the depths " + depth_text(depth_of(full)),
                   depth_text(slice.depth));
  layers.push_back(exit_head(layers.back(), classes_of(full)));
  return layers;
}

LayerList without_residuals(LayerList layers) {
  for (LayerSpec& layer : layers) layer.residual = false;
  return layers;
}

LayerList slice_layers(const Extent& input, const Slice& slice, int classes) {
  const double base_width = input.channels == 3 ? 1.0 : 1.0 / 3.0;
  return slice_layers(mobilenet_v2(input, base_width, classes), slice);
}

LayerList masked_layers(const Extent& input, const Slice& slice, int classes) {
  LayerList layers = slice_layers(input, {slice.depth, 1.0}, classes);
  for (LayerSpec& layer : layers) {
    if (layer.kind == LayerKind::head) continue;
    const int channels = is_block(layer) ? layer.expanded : layer.out.channels;
    layer.masked = channels - static_cast<int>(published_share(channels, slice.width));
  }
  return layers;
}

std::int64_t published_share(std::int64_t size, double width) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(size) * published_width(width)));
}

}  // namespace danas
