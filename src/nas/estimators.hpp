// What a system needs on a device, by the paper's equations on the fused network (BN folded, ReLU6 in its layer).
#pragma once

#include "nn/layer.hpp"

namespace danas {

struct Resources {
  long long parameters = 0;         ///< trainable
  long long parameters_folded = 0;  ///< with BN folded into one bias a channel
  long long macs = 0;
  long long ram_bytes = 0;          ///< eq. 2: most of input + output + what a residual keeps, over layers
  long long flash_bytes = 0;        ///< eq. 1: folded parameters
};

/// `bytes`: of one element of activations and of one parameter (1: int8).
Resources estimate(const LayerList& layers, int activation_bytes = 1, int parameter_bytes = 1);
/// RAM of one layer by eq. 2.
long long layer_ram(const Layer& layer, int activation_bytes = 1);

}  // namespace danas
