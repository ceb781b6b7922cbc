// A convolution with its batch normalization and activation: what of it is kept for the backward pass. Of shapes alone, so
// that what a step needs is known without a backend that computes.
#pragma once

#include "tensor/arena.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// Whether the covariance C of the windows is kept, in the place of what the convolution gives: the mean of that is the
/// windows' mean times w, its variance wᵀ·C·w, and its gradients follow from the windows' product with those by the output.
/// It is small, where windows are, and good in single precision, where they are many.
bool keeps_window_covariance(const Filter& w, const View& y);

/// What the forward pass keeps then.
ConvolutionSaved take_window_covariance(Arena& arena, const Filter& w);

BatchNormStatistics take_statistics(Arena& arena, std::int64_t channels);
/// The kernels write both gradients of a normalization; one that nobody wants goes to scratch memory.
BatchNormGradients wanted_or_scratch(const BatchNormGradients& gradients, Arena& arena, std::int64_t channels);

}  // namespace danas
