// Eq. 1: all parameters, batch normalization folded.
#include "nas/estimators.hpp"

namespace danas {

long long layer_flash(const Layer& layer, const ByteWidths& bytes) { return layer.parameters_folded * bytes.parameter; }

double estimate_flash_bytes(const std::vector<Layer>& layers, const ByteWidths& bytes) {
  long long sum = 0;
  for (const Layer& layer : layers) sum += layer_flash(layer, bytes);
  return static_cast<double>(sum);
}

}  // namespace danas
