// RAM and flash as the published code sums them, of Keras' network before it is sliced.
#pragma once

#include <vector>

#include "nas/system.hpp"
#include "results/layer_table.hpp"

namespace danas {

/// Of a slice; throws Error for a stack. Keras' layers of the system's supernet up to its last stage: convolutions,
/// normalizations, activations, paddings and adds each by itself. Bytes are the published code's, α being the width:
/// ram_bytes ⌊inputs·α⌋ + ⌊outputs·α⌋ elements, flash_bytes the sum of ⌊size·α⌋ over the weights, running statistics
/// included. Shapes, parameters and multiply-adds are those of the whole supernet's layer.
std::vector<LayerRow> published_rows(const System& system, int classes);

long long published_ram(const std::vector<LayerRow>& rows);    ///< the layer that needs most
long long published_flash(const std::vector<LayerRow>& rows);  ///< of all layers

}  // namespace danas
