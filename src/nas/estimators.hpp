// What a network needs on a device, from its layers alone, each estimate in a file of its own in estimators/.
#pragma once

#include <vector>

#include "nas/protocol.hpp"
#include "nas/system.hpp"
#include "nn/layer.hpp"
#include "results/layer_table.hpp"
#include "results/measures.hpp"

namespace danas {

/// Bytes of one number (1: int8) of the image, of what layers hand on, of the parameters.
struct ByteWidths {
  int input = 1, activation = 1, parameter = 1;
};

/// estimate_parameters(), estimate_macs() … of the fused network (BN folded, ReLU6 in its layer), its layers in order.
#define DANAS_ESTIMATOR(name, ...) double estimate_##name(const std::vector<Layer>& layers, const ByteWidths& bytes);
DANAS_ESTIMATES(DANAS_ESTIMATOR)
#undef DANAS_ESTIMATOR

/// All of them.
Measures estimate(const LayerList& layers, const ByteWidths& bytes = {});
/// Those of a system, RAM and flash by the sums that the switches name. Where masks stand for its width they are the needs of
/// the slice.
Measures estimate(const System& system, int classes, const ByteWidths& bytes, const Switches& switches);

/// RAM of one layer by eq. 2: input and output, and what a residual keeps meanwhile; the first layer's input is the image.
long long layer_ram(const std::vector<Layer>& layers, std::size_t index, const ByteWidths& bytes);
/// Flash of one layer by eq. 1: its parameters, batch normalization folded.
long long layer_flash(const Layer& layer, const ByteWidths& bytes);

/// The layers with their needs.
std::vector<LayerRow> layer_rows(const LayerList& layers, const ByteWidths& bytes = {});

}  // namespace danas
