// The inverted bottleneck with folded batch normalization: a whole block for a strip of rows in cache.
#pragma once

#include "tensor/cpu/block_team.hpp"

namespace danas::cpu {

/// Floats of what pack() writes.
Index packed_size(const BottleneckShape& shape);
/// The weights of a folded block as its kernels take them.
void pack_folded(const BlockTeam& team, const BottleneckShape& shape, const FoldedBottleneck& block, float* packed);
/// Of an expansion by a k×k convolution, `shape` is that of the block on windows: its input is the map that the depthwise
/// convolution sees, with k·k·channels of x for each pixel.
void infer(const BlockTeam& team, const BottleneckShape& shape, const View& x, const FoldedBottleneck& block,
           const float* packed, const View& y);

}  // namespace danas::cpu
