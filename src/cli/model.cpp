#include "cli/model.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace danas {
namespace {

const std::string& entry(const Metadata& metadata, const std::string& key, const std::filesystem::path& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw expected(path.string(), "a model with '" + key + "' in its metadata", "none");
  return found->second;
}

std::vector<std::string> parse_classes(const std::string& text, const std::filesystem::path& path) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  std::vector<std::string> names;
  for (const auto& name : json) {
    if (name.is_string()) names.push_back(name.get<std::string>());
  }
  if (!json.is_array() || names.size() != json.size() || names.size() < 2) {
    throw expected(path.string(), "at least two class names as a JSON array in 'classes'", "'" + text + "'");
  }
  return names;
}

}  // namespace

Model open_model(Backend& backend, const std::filesystem::path& path) {
  Metadata metadata;
  Network network = load_model(backend, path, metadata);
  const System system = parse_system(entry(metadata, "system", path));
  return {system, parse_classes(entry(metadata, "classes", path), path), std::move(network)};
}

}  // namespace danas
