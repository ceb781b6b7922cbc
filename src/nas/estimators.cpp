#include "nas/estimators.hpp"

#include <algorithm>

namespace danas {

long long layer_ram(const Layer& layer, int activation_bytes) {
  return (layer.in.elements() + layer.out.elements() + layer.kept) * activation_bytes;
}

Resources estimate(const LayerList& layers, int activation_bytes, int parameter_bytes) {
  Resources resources;
  for (const Layer& layer : layer_table(layers)) {
    resources.parameters += layer.parameters;
    resources.parameters_folded += layer.parameters_folded;
    resources.macs += layer.macs;
    resources.ram_bytes = std::max(resources.ram_bytes, layer_ram(layer, activation_bytes));
  }
  resources.flash_bytes = resources.parameters_folded * parameter_bytes;
  return resources;
}

}  // namespace danas
