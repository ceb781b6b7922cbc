#include "nas/protocol.hpp"

#include "nn/mobilenet_v2.hpp"

namespace danas {

LayerList candidate_layers(const System& system, int classes, const Switches& switches) {
  const LayerList layers = system_layers(system, classes);
  return switches.drop_residuals ? without_residuals(layers) : layers;
}

}  // namespace danas
