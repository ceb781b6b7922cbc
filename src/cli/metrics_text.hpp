// Metrics for people and for --json: shared by `train` and `evaluate`.
#pragma once

#include <string>

#include "cli/json.hpp"
#include "nn/metrics.hpp"

namespace danas {

JsonObject metrics_json(const Metrics& metrics);
/// "validation  accuracy 0.7321  precision …  (240 images)"
std::string metrics_text(const std::string& split, const Metrics& metrics);

}  // namespace danas
