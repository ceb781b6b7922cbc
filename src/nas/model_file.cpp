#include "nas/model_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/error.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

std::vector<std::string> class_names(const Metadata& metadata, const std::filesystem::path& path) {
  const auto found = metadata.find("classes");
  const auto names = found == metadata.end() ? nlohmann::json() : nlohmann::json::parse(found->second, nullptr, false);
  const auto is_text = [](const nlohmann::json& name) { return name.is_string(); };
  if (!names.is_array() || names.size() < 2 || !std::all_of(names.begin(), names.end(), is_text)) {
    throw expected(path.string(), "at least 2 class names in metadata classes",
                   found == metadata.end() ? "none" : found->second);
  }
  return names.get<std::vector<std::string>>();
}

void check_preparation(const Metadata& metadata, const DataConfiguration& data, const std::filesystem::path& path) {
  const std::string preparation = preparation_name(data);
  const auto found = metadata.find("preparation");
  if (found != metadata.end() && found->second == preparation) return;
  const std::string got = found == metadata.end() ? "no preparation, as older versions" : "\"" + found->second + "\"";
  const std::string shown = data.image() != nullptr ? "images" : "sounds";
  throw expected(path.string(), shown + " prepared as \"" + preparation + "\"",
                 got + ": it was trained on " + shown + " prepared in another way; train it again");
}

namespace {

// The layers that the metadata's entry `key` describes; `layers_of` reads it.
template <class LayersOf>
LayerList described_layers(const Checkpoint& checkpoint, const std::filesystem::path& path, const std::string& key,
                           const LayersOf& layers_of) {
  const auto found = checkpoint.metadata().find(key);
  if (found == checkpoint.metadata().end()) throw expected(path.string(), "a model with metadata " + key, "none");
  const auto classes = static_cast<int>(class_names(checkpoint.metadata(), path).size());
  try {
    return layers_of(found->second, classes);
  } catch (const Error& error) {
    throw Error(path.string(), error.what());
  }
}

// Whether the metadata has the key, whose only value is this one.
bool says(const Metadata& metadata, const std::string& key, const std::string& value,
          const std::filesystem::path& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return false;
  if (found->second != value)
    throw expected(path.string(), "metadata " + key + " that says \"" + value + "\"", "\"" + found->second + "\"");
  return true;
}

}  // namespace

Network load_model(Backend& backend, const std::filesystem::path& path, Metadata& metadata) {
  const Checkpoint checkpoint(path);
  System system;
  const LayerList layers = described_layers(checkpoint, path, "system", [&](const std::string& text, int classes) {
    system = parse_system(text);
    const bool masked = says(checkpoint.metadata(), "width", "masked", path);
    const LayerList whole = masked ? masked_layers(system.data.input(), system.architecture.slice(), classes)
                                   : system_layers(system, classes);
    return says(checkpoint.metadata(), "residuals", "dropped", path) ? without_residuals(whole) : whole;
  });
  check_preparation(checkpoint.metadata(), system.data, path);
  Network network(backend, layers);
  checkpoint.load(network);
  metadata = checkpoint.metadata();
  return network;
}

Network load_supernet(Backend& backend, const std::filesystem::path& path, const DataConfiguration& data,
                      Metadata& metadata) {
  const Checkpoint checkpoint(path);
  check_preparation(checkpoint.metadata(), data, path);
  Network network(backend, described_layers(checkpoint, path, "depth", [&](const std::string& depth, int classes) {
                    return supernet_layers(data.input(), parse_depth(depth), classes);
                  }));
  checkpoint.load(network);
  metadata = checkpoint.metadata();
  return network;
}

}  // namespace danas
