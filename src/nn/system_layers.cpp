#include "nn/system_layers.hpp"

#include "nn/layer_stack.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

LayerList system_layers(const System& system, int classes) {
  const Architecture& architecture = system.architecture;
  if (architecture.is_slice()) return slice_layers(system.data, architecture.slice(), classes);
  return stack_layers(system.data.input(), architecture.stack(), classes);
}

}  // namespace danas
