// MobileNetV2 (Sandler et al., 2018) as Keras builds it, the supernets made of it, and their slices: as lists of layers.
#pragma once

#include "nn/architecture.hpp"
#include "nn/layer.hpp"

namespace danas {

/// Keras' MobileNetV2 of width `base_width` (channels made divisible by 8; last convolution 1280), with one head.
LayerList mobilenet_v2(const Extent& input, double base_width, int classes);
/// The same network with a head per exit: after stage 2 and each later one.
LayerList with_exit_heads(const LayerList& layers);
/// A supernet of base width 1 for rgb, 1/3 for one channel, with a head per exit. It has the first `depth` blocks of stages
/// 3 to 7, so that nothing is trained that no slice of it can use.
LayerList supernet_layers(const Extent& input, const std::array<int, 5>& depth, int classes);
/// min(C, the multiple of 4 nearest to C·α, at least 4; plus 4 if below 0.9·C·α).
int slice_channels(int channels, double width);
/// The first k channels of every layer and the first blocks of every stage, with the head of their own exit; throws Error
/// where `full` has fewer.
LayerList slice_layers(const LayerList& full, const Slice& slice);
/// The same layers, whose blocks do not add their input to their output.
LayerList without_residuals(LayerList layers);
/// The slice of the full supernet of such inputs.
LayerList slice_layers(const Extent& input, const Slice& slice, int classes);
/// The published code's way: of full width, but that masks leave the first published_share() of the channels of the stem,
/// block 0's depthwise convolution, every expansion and the last convolution. Other layers have no masks.
LayerList masked_layers(const Extent& input, const Slice& slice, int classes);
/// ⌊size·width⌋, as the published code computes it.
std::int64_t published_share(std::int64_t size, double width);

}  // namespace danas
