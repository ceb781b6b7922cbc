// Checkpoints of models and supernets: what their metadata says of classes, data and layers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nas/system.hpp"
#include "nn/checkpoint.hpp"

namespace danas {

/// Classes of a model's metadata ("classes"); throws Error naming the file.
std::vector<std::string> class_names(const Metadata& metadata, const std::filesystem::path& path);

/// Throws Error naming the file unless the metadata says that the network was trained on data prepared as the
/// configuration's are now (preparation_name()).
void check_preparation(const Metadata& metadata, const DataConfiguration& data, const std::filesystem::path& path);

/// A model that stands alone: metadata "system" (96,monochrome,…), "classes" (JSON array of names), "positive",
/// "preparation" (which must be preparation_name() of its data configuration), "residuals" ("dropped":
/// without_residuals(); else absent), "width" ("masked": masked_layers(); else absent).
Network load_model(Backend& backend, const std::filesystem::path& path, Metadata& metadata);

/// A supernet of a run: metadata "depth" (the blocks it has, 3-4-3-3-1), "classes", "preparation".
Network load_supernet(Backend& backend, const std::filesystem::path& path, const DataConfiguration& data,
                      Metadata& metadata);

}  // namespace danas
