#include "nas/protocol.hpp"

#include "nas/system.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

Switches switches_of(Protocol protocol) {
  Switches switches;
#define DANAS_SWITCH(name) switches.name = protocol == Protocol::published;
  DANAS_SWITCHES(DANAS_SWITCH)
#undef DANAS_SWITCH
  return switches;
}

Switches supernet_switches(const Switches& switches) {
  Switches result = switches;
  result.select_on_test = result.one_score = result.unfused_ram = result.unfused_flash = false;
  result.repair_depth = result.breed_in_order = result.admit_violators = false;
  result.drop_residuals = result.mask_width = result.fresh_heads = false;
  result.change_supernet = result.same_images = false;
  result.constant_noise = false;  // what it changes are the sounds, which are another data set then
  result.begin_with_one_layer = result.keep_layer_count = false;
  return result;
}

Switches stack_switches(const Switches& switches) {
  Switches result = switches;
  result.unfused_ram = result.unfused_flash = result.repair_depth = false;
  result.drop_residuals = result.mask_width = result.fresh_heads = false;
  result.keep_statistics = result.change_supernet = result.same_images = false;
  return result;
}

LayerList deployed_layers(const System& system, int classes, const Switches& switches) {
  const LayerList layers = system_layers(system, classes);
  return switches.drop_residuals ? without_residuals(layers) : layers;
}

LayerList candidate_layers(const System& system, int classes, const Switches& switches) {
  if (!switches.mask_width) return deployed_layers(system, classes, switches);
  const LayerList layers = masked_layers(system.data.input(), system.architecture.slice(), classes);
  return switches.drop_residuals ? without_residuals(layers) : layers;
}

Network begun_candidate(const Network& supernet, const LayerList& layers, const Switches& switches,
                        std::uint64_t seed) {
  Network network = supernet.gather(layers);
  if (switches.fresh_heads) network.initialize(seed, layers.back().name);
  return network;
}

}  // namespace danas
