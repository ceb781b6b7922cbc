// Stacks of layers, as the layer-based search has them (Njor, Madsen, Fafoutis: Data aware neural architecture search,
// 2023): convolutions of stride 1 without padding, flattened, a dense layer of ten ReLUs, one of logits.
#pragma once

#include "nn/architecture.hpp"
#include "nn/layer.hpp"

namespace danas {

/// "convolutions.0" …, "hidden", "logits"; the softmax is the loss's. Throws Error where there is no such stack, or a
/// kernel is larger than what it sees.
LayerList stack_layers(const Extent& input, const Stack& stack, int classes);

}  // namespace danas
