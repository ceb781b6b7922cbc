// Eq. 2: the layer that needs most.
#include <algorithm>

#include "nas/estimators.hpp"

namespace danas {

long long layer_ram(const std::vector<Layer>& layers, std::size_t index, const ByteWidths& bytes) {
  const Layer& layer = layers[index];
  return layer.in.elements() * (index == 0 ? bytes.input : bytes.activation) +
         (layer.out.elements() + layer.kept) * bytes.activation;
}

double estimate_ram_bytes(const std::vector<Layer>& layers, const ByteWidths& bytes) {
  long long most = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) most = std::max(most, layer_ram(layers, i, bytes));
  return static_cast<double>(most);
}

}  // namespace danas
