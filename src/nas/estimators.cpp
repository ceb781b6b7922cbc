#include "nas/estimators.hpp"

namespace danas {

Measures estimate(const LayerList& layers, const ByteWidths& bytes) {
  const std::vector<Layer> table = layer_table(layers);
  Measures measures;
#define DANAS_ESTIMATE(name, ...) measures.set(Measure::name, estimate_##name(table, bytes));
  DANAS_ESTIMATES(DANAS_ESTIMATE)
#undef DANAS_ESTIMATE
  return measures;
}

std::vector<LayerRow> layer_rows(const LayerList& layers, const ByteWidths& bytes) {
  const std::vector<Layer> table = layer_table(layers);
  std::vector<LayerRow> rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Layer& layer = table[i];
    rows.push_back({layer.name, layer.kind, layer.in.height, layer.in.width, layer.in.channels, layer.out.height,
                    layer.out.width, layer.out.channels, layer.parameters, layer.parameters_folded, layer.macs,
                    layer_ram(table, i, bytes), layer_flash(layer, bytes)});
  }
  return rows;
}

}  // namespace danas
