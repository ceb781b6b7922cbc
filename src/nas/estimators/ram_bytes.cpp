// Eq. 2: the layer that needs most.
#include <algorithm>

#include "nas/estimators.hpp"

namespace danas {

long long layer_ram(const std::vector<Layer>& layers, std::size_t index, const ByteWidths& bytes) {
  const Layer& layer = layers[index];
  const long long input = 1LL * layer.in_height * layer.in_width * layer.in_channels;
  const long long output = 1LL * layer.out_height * layer.out_width * layer.out_channels;
  return input * (index == 0 ? bytes.input : bytes.activation) + (output + layer.kept) * bytes.activation;
}

double estimate_ram_bytes(const std::vector<Layer>& layers, const ByteWidths& bytes) {
  long long most = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) most = std::max(most, layer_ram(layers, i, bytes));
  return static_cast<double>(most);
}

}  // namespace danas
