// Multiply-adds for one image.
#include "nas/estimators.hpp"

namespace danas {

double estimate_macs(const std::vector<Layer>& layers, const ByteWidths&) {
  long long sum = 0;
  for (const Layer& layer : layers) sum += layer.macs;
  return static_cast<double>(sum);
}

}  // namespace danas
