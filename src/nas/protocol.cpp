#include "nas/protocol.hpp"

#include "nn/mobilenet_v2.hpp"

namespace danas {

Switches supernet_switches(const Switches& switches) {
  Switches result = switches;
  result.select_on_test = result.one_score = result.unfused_ram = result.unfused_flash = false;
  result.repair_depth = result.breed_in_order = result.admit_violators = false;
  result.drop_residuals = result.fresh_heads = false;
  return result;
}

LayerList candidate_layers(const System& system, int classes, const Switches& switches) {
  const LayerList layers = system_layers(system, classes);
  return switches.drop_residuals ? without_residuals(layers) : layers;
}

}  // namespace danas
