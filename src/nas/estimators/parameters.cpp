// Trainable parameters.
#include "nas/estimators.hpp"

namespace danas {

double estimate_parameters(const std::vector<Layer>& layers, const ByteWidths&) {
  long long sum = 0;
  for (const Layer& layer : layers) sum += layer.parameters;
  return static_cast<double>(sum);
}

}  // namespace danas
