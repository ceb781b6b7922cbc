// A model file opened for use: network, what it looks at and what its outputs mean.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "nas/model_file.hpp"

namespace danas {

struct Model {
  System system;
  std::vector<std::string> classes;
  Network network;
};

/// Throws Error naming the file where it is no model, or a broken one.
Model open_model(Backend& backend, const std::filesystem::path& path);

/// Throws Error naming the file where its classes are not those of the dataset.
void check_classes(const std::vector<std::string>& classes, const Dataset& dataset, const std::filesystem::path& file);

}  // namespace danas
