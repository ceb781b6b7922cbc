#include "nas/estimators.hpp"

namespace danas {

Measures estimate(const NetworkShape& shape, const ByteWidths& bytes) {
  const std::vector<Layer> table = layers(shape);
  Measures measures;
#define DANAS_ESTIMATE(name, ...) measures.set(Measure::name, estimate_##name(table, bytes));
  DANAS_ESTIMATES(DANAS_ESTIMATE)
#undef DANAS_ESTIMATE
  return measures;
}

std::vector<LayerRow> layer_rows(const NetworkShape& shape, const ByteWidths& bytes) {
  const std::vector<Layer> table = layers(shape);
  std::vector<LayerRow> rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Layer& layer = table[i];
    rows.push_back({layer.name, layer.kind, layer.in_height, layer.in_width, layer.in_channels, layer.out_height,
                    layer.out_width, layer.out_channels, layer.parameters, layer.parameters_folded, layer.macs,
                    layer_ram(table, i, bytes), layer_flash(layer, bytes)});
  }
  return rows;
}

}  // namespace danas
