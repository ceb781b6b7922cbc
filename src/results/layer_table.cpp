#include "results/layer_table.hpp"

#include <utility>

namespace danas {

namespace {

// The numbers of a row in the order of their columns, behind name and kind.
constexpr std::pair<const char*, long long LayerRow::*> numbers[] = {
    {"in_height", &LayerRow::in_height},
    {"in_width", &LayerRow::in_width},
    {"in_channels", &LayerRow::in_channels},
    {"out_height", &LayerRow::out_height},
    {"out_width", &LayerRow::out_width},
    {"out_channels", &LayerRow::out_channels},
    {"parameters", &LayerRow::parameters},
    {"parameters_folded", &LayerRow::parameters_folded},
    {"macs", &LayerRow::macs},
    {"ram_bytes", &LayerRow::ram_bytes},
    {"flash_bytes", &LayerRow::flash_bytes}};

}  // namespace

std::string layer_table_text(const std::vector<LayerRow>& layers) {
  CsvFields columns{"name", "kind"};
  for (const auto& [column, field] : numbers) columns.push_back(column);
  std::string text = csv_line(columns);
  for (const LayerRow& layer : layers) {
    CsvFields fields{layer.name, layer.kind};
    for (const auto& [column, field] : numbers) fields.push_back(std::to_string(layer.*field));
    text += csv_line(fields);
  }
  return text;
}

std::vector<LayerRow> read_layers(const CsvTable& table) {
  const std::size_t name = table.column("name"), kind = table.column("kind");
  std::vector<LayerRow> layers(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    layers[row].name = table.text(row, name);
    layers[row].kind = table.text(row, kind);
  }
  for (const auto& [column, field] : numbers) {
    const std::size_t place = table.column(column);
    for (std::size_t row = 0; row < table.rows(); ++row) layers[row].*field = table.count(row, place);
  }
  return layers;
}

}  // namespace danas
