// How backends that normalize what they read (Fusion::on_load) take memory: convolutions leave their output as it is, who
// reads it scales, shifts and activates it on the way. Of shapes alone, so that what a step needs is known without a
// backend that computes.
#pragma once

#include <cstdint>

#include "tensor/arena.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// Three numbers by channel, [3][padded_channels]: of a normalization its scale γ/√(variance + ε), its shift
/// β − mean·scale and its mean; of its gradient what follows from the gradients of γ and β: dx = a·dy + b·x + c. Zeros beyond
/// the channels.
constexpr std::int64_t padded_channels(std::int64_t channels) { return (channels + 7) / 8 * 8; }
View take_coefficients(Arena& arena, std::int64_t channels);

/// What the forward pass of a block keeps: the outputs of its convolutions and their normalizations.
BottleneckSaved take_bottleneck_on_load(Arena& arena, const View& x, const BottleneckWeights& weights, const View& y);

/// Scratch memory of its backward pass: the masked gradients of the normalized tensors, and what they come to.
struct OnLoadScratch {
  View dexpanded, dfiltered;  ///< dexpanded where the block expands
  View slopes1, slopes2, slopes3;
  BottleneckGradients gradients;  ///< those of the normalizations, with memory for what nobody wants
};
OnLoadScratch take_scratch_on_load(Arena& arena, const BottleneckWeights& weights, const BottleneckSaved& saved,
                                   const BottleneckGradients& gradients);

/// The same of a convolution with its normalization; what of it is fused.
ConvolutionSaved take_convolution_on_load(Arena& arena, const View& y);
/// Whether both gradients are made of dy and the convolution's output as they are read: else its gradient is stored.
bool gradients_on_load(const Filter& w, const Geometry& geometry, const View& dx);

}  // namespace danas
