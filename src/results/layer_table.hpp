// The layer table beside every model, models/ID.layers.csv.
#pragma once

#include <string>
#include <vector>

#include "base/csv.hpp"

namespace danas {

/// A layer with batch normalization folded and its activation within.
struct LayerRow {
  std::string name, kind;  ///< "blocks.4.expand", "conv 1x1"
  long long in_height = 0, in_width = 0, in_channels = 0;
  long long out_height = 0, out_width = 0, out_channels = 0;
  long long parameters = 0, parameters_folded = 0;     ///< trainable; with batch normalization folded
  long long macs = 0, ram_bytes = 0, flash_bytes = 0;  ///< the bytes by eq. 2 and eq. 1 of this layer alone
};

/// The whole file.
std::string layer_table_text(const std::vector<LayerRow>& layers);
/// Columns are found by name, others are skipped. Throws Error naming file and line.
std::vector<LayerRow> read_layers(const CsvTable& table);

}  // namespace danas
