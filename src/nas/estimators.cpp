#include "nas/estimators.hpp"

#include <algorithm>

namespace danas {

long long layer_ram(const Layer& layer, int activation_bytes) {
  const long long input = 1LL * layer.in_height * layer.in_width * layer.in_channels;
  const long long output = 1LL * layer.out_height * layer.out_width * layer.out_channels;
  return (input + output + layer.kept) * activation_bytes;
}

Resources estimate(const NetworkShape& shape, int activation_bytes, int parameter_bytes) {
  Resources resources;
  for (const Layer& layer : layers(shape)) {
    resources.parameters += layer.parameters;
    resources.parameters_folded += layer.parameters_folded;
    resources.macs += layer.macs;
    resources.ram_bytes = std::max(resources.ram_bytes, layer_ram(layer, activation_bytes));
  }
  resources.flash_bytes = resources.parameters_folded * parameter_bytes;
  return resources;
}

}  // namespace danas
