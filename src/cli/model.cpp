#include "cli/model.hpp"

#include "base/error.hpp"
#include "base/joined.hpp"

namespace danas {

Model open_model(Backend& backend, const std::filesystem::path& path) {
  Metadata metadata;
  Network network = load_model(backend, path, metadata);
  return {parse_system(metadata.at("system")), class_names(metadata, path), std::move(network)};
}

void check_classes(const std::vector<std::string>& classes, const Dataset& dataset, const std::filesystem::path& file) {
  if (classes == dataset.classes()) return;
  throw expected(file.string(), "a network of the classes " + joined(dataset.classes()), "one of " + joined(classes));
}

}  // namespace danas
