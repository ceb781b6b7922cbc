// The layers of a system.
#pragma once

#include "nn/architecture.hpp"
#include "nn/layer.hpp"

namespace danas {

/// Its slice of MobileNetV2 (mobilenet_v2.hpp) or its stack (layer_stack.hpp). Throws Error where it is no network.
LayerList system_layers(const System& system, int classes);

}  // namespace danas
