#include "cli/metrics_text.hpp"

#include <fmt/core.h>

namespace danas {

JsonObject metrics_json(const Metrics& metrics) {
  JsonObject json;
  json.add("accuracy", metrics.accuracy).add("precision", metrics.precision).add("recall", metrics.recall);
  json.add("f1", metrics.f1).add("loss", metrics.loss).add("images", metrics.images);
  return json;
}

std::string metrics_text(const std::string& split, const Metrics& metrics) {
  return fmt::format("{:<11} accuracy {:.4f}  precision {:.4f}  recall {:.4f}  F1 {:.4f}  ({} images)", split,
                     metrics.accuracy, metrics.precision, metrics.recall, metrics.f1, metrics.images);
}

}  // namespace danas
