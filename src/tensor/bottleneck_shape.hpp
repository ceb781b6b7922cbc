// The fused inverted bottleneck's shapes: how its wide tensors lie in memory. Of shapes alone, so that what a step needs
// is known without a backend that computes.
#pragma once

#include <cstdint>

#include "tensor/backend.hpp"

namespace danas {

/// Wide tensors lie in planes of 16 channels: [groups of images][planes][pixels of a group][16].
struct BottleneckShape {
  /// What becomes of the expanded tensor: stored raw; or never stored, its statistics taken from the input's covariance,
  /// and expanded again in the backward pass.
  enum class Expansion : std::uint8_t { none, stored, repeated };

  static constexpr std::int64_t plane_channels = 16;
  static constexpr std::int64_t group_planes = 3;  ///< of a channel group, the unit of work beside a group of images

  BottleneckShape(const View& x, const Filter& expand, const Filter& depthwise, const Filter& project, int stride);

  /// Whether fused kernels exist: 3×3, stride 1 or 2.
  static bool fusible(const Filter& depthwise, int stride) {
    return depthwise.h == 3 && depthwise.w == 3 && (stride == 1 || stride == 2);
  }

  std::int64_t images, in_h, in_w, in, out_h, out_w, out;
  std::int64_t wide;  ///< channels of the depthwise convolution
  Expansion expansion;
  int stride;
  std::int64_t padding_y, padding_x;
  std::int64_t planes;         ///< of a wide tensor, whose last may have channels too many
  std::int64_t group, groups;  ///< images of a group, the last of which may have less

  bool expands() const { return expansion != Expansion::none; }
  /// The input's covariance gives the statistics of the expanded tensor, and its gradients without one of its size.
  bool from_covariance() const { return expansion == Expansion::repeated; }
  std::int64_t in_pixels() const { return in_h * in_w; }  ///< of one image
  std::int64_t out_pixels() const { return out_h * out_w; }
  std::int64_t wide_padded() const { return planes * plane_channels; }
  std::int64_t images_of(std::int64_t group_index) const {
    const std::int64_t left = images - group_index * group;
    return left < group ? left : group;
  }

  // Channel groups: planes in threes, never one alone beside others.
  std::int64_t channel_groups() const { return (planes + group_planes - 1) / group_planes; }
  std::int64_t first_plane(std::int64_t channel_group) const {
    const bool pairs = planes % group_planes == 1 && planes > 1;
    return pairs && channel_group + 1 == channel_groups() ? planes - 2 : channel_group * group_planes;
  }
  int planes_of(std::int64_t channel_group) const {
    const std::int64_t next = channel_group + 1 < channel_groups() ? first_plane(channel_group + 1) : planes;
    return static_cast<int>(next - first_plane(channel_group));
  }
};

class Arena;

/// What the fused forward pass keeps: the raw outputs of the three convolutions, or what `expansion` says of the first.
BottleneckSaved take_bottleneck_saved(Arena& arena, const BottleneckShape& shape);

/// Scratch memory of the fused backward pass.
struct BottleneckScratch {
  View dprojected, dfiltered, dexpanded;  ///< dexpanded where the expanded tensor is stored
  BatchNormGradients bn3;                 ///< for those that nobody wants
};
BottleneckScratch take_bottleneck_scratch(Arena& arena, const BottleneckShape& shape);

}  // namespace danas
