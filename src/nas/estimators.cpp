#include "nas/estimators.hpp"

#include "nas/published_sums.hpp"

namespace danas {

Measures estimate(const LayerList& layers, const ByteWidths& bytes) {
  const std::vector<Layer> table = layer_table(layers);
  Measures measures;
#define DANAS_ESTIMATE(name, ...) measures.set(Measure::name, estimate_##name(table, bytes));
  DANAS_ESTIMATES(DANAS_ESTIMATE)
#undef DANAS_ESTIMATE
  return measures;
}

Measures estimate(const System& system, int classes, const ByteWidths& bytes, const Switches& switches) {
  Measures measures = estimate(deployed_layers(system, classes, switches), bytes);
  if (!switches.unfused_ram && !switches.unfused_flash) return measures;
  const std::vector<LayerRow> rows = published_rows(system, classes);
  const auto sum = [](long long elements, int width) { return static_cast<double>(elements * width); };
  if (switches.unfused_ram) measures.set(Measure::ram_bytes, sum(published_ram(rows), bytes.activation));
  if (switches.unfused_flash) measures.set(Measure::flash_bytes, sum(published_flash(rows), bytes.parameter));
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
