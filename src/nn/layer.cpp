#include "nn/layer.hpp"

namespace danas {

namespace {

Extent after(const Extent& in, int channels, int kernel, const Geometry& geometry) {
  return {static_cast<int>(output_size(in.height, kernel, geometry)),
          static_cast<int>(output_size(in.width, kernel, geometry)), channels};
}

LayerSpec plain(LayerKind kind, std::string name, const Extent& in, const Extent& out, Activation activation) {
  LayerSpec layer;
  layer.kind = kind;
  layer.name = std::move(name);
  layer.in = in;
  layer.out = out;
  layer.activation = activation;
  return layer;
}

LayerSpec filter_layer(LayerKind kind, std::string name, const Extent& in, int channels, int kernel,
                       const Geometry& geometry, Activation activation) {
  LayerSpec layer = plain(kind, std::move(name), in, after(in, channels, kernel, geometry), activation);
  layer.kernel = kernel;
  layer.geometry = geometry;
  layer.weight = layer.name;
  return layer;
}

constexpr Geometry pointwise{1, Padding::same};
constexpr int block_kernel = 3;

LayerList unfold_block(const LayerSpec& block) {
  const auto part = [&](LayerKind kind, const char* name, const char* normalization, const Extent& in, int channels,
                        int kernel, const Geometry& geometry, Activation activation) {
    LayerSpec layer = filter_layer(kind, block.name + name, in, channels, kernel, geometry, activation);
    layer.stage = block.stage;
    layer.normalization = block.name + normalization;
    return layer;
  };
  LayerList layers;
  if (block.expands())
    layers.push_back(
        part(LayerKind::convolution, ".expand", ".bn1", block.in, block.expanded, 1, pointwise, Activation::relu6));
  const Extent wide = layers.empty() ? block.in : layers.back().out;
  layers.push_back(part(LayerKind::depthwise, ".depthwise", ".bn2", wide, wide.channels, block_kernel, block.geometry,
                        Activation::relu6));
  layers.push_back(part(LayerKind::convolution, ".project", ".bn3", layers.back().out, block.out.channels, 1, pointwise,
                        Activation::none));
  layers.front().masked = block.masked;
  // The first layer's input is the block's own.
  for (std::size_t i = 1; i < layers.size(); ++i) layers[i].kept = block.residual ? block.in.elements() : 0;
  return layers;
}

LayerList unfold_head(const LayerSpec& head) {
  const Extent features{1, 1, head.in.channels};
  LayerList layers{plain(LayerKind::global_average_pool, "pool", head.in, features, Activation::none),
                   dense(head.name, features, head.out.channels, head.activation)};
  for (LayerSpec& layer : layers) layer.stage = head.stage;
  return layers;
}

std::string kind_text(const LayerSpec& layer) {
  const std::string size = std::to_string(layer.kernel) + "x" + std::to_string(layer.kernel);
  switch (layer.kind) {
    case LayerKind::convolution: return "conv " + size;
    case LayerKind::depthwise: return "depthwise " + size;
    case LayerKind::global_average_pool: return "pool";
    default: return "dense";
  }
}

// Weights of the filter; 0 where there is none.
std::int64_t filter_size(const LayerSpec& layer) {
  if (layer.weight.empty()) return 0;
  const std::int64_t taps = std::int64_t{layer.kernel} * layer.kernel * layer.out.channels;
  return layer.kind == LayerKind::depthwise ? taps : taps * layer.in.channels;
}

Layer row_of(const LayerSpec& layer) {
  Layer row{layer.name, kind_text(layer), layer.in, layer.out, 0, 0, 0, layer.kept};
  const std::int64_t filter = filter_size(layer);
  row.macs = filter * layer.out.height * layer.out.width;
  if (filter > 0) row.parameters_folded = filter + layer.out.channels;
  row.parameters = row.parameters_folded + (layer.normalized() ? layer.out.channels : 0);  // γ and β
  return row;
}

}  // namespace

LayerSpec biased_convolution(std::string name, const Extent& in, int channels, int kernel, const Geometry& geometry,
                             Activation activation) {
  return filter_layer(LayerKind::convolution, std::move(name), in, channels, kernel, geometry, activation);
}

LayerSpec convolution(std::string name, const Extent& in, int channels, int kernel, const Geometry& geometry,
                      Activation activation) {
  LayerSpec layer = biased_convolution(std::move(name), in, channels, kernel, geometry, activation);
  layer.weight = layer.name + ".conv";
  layer.normalization = layer.name + ".bn";
  return layer;
}

LayerSpec inverted_bottleneck(std::string name, const Extent& in, int expanded, int channels, int stride,
                              bool residual) {
  const Geometry geometry{stride, Padding::same};
  LayerSpec layer = plain(LayerKind::inverted_bottleneck, std::move(name), in,
                          after(in, channels, block_kernel, geometry), Activation::none);
  layer.kernel = block_kernel;
  layer.geometry = geometry;
  layer.expanded = expanded;
  layer.residual = residual;
  return layer;
}

LayerSpec flatten(const Extent& in) {
  return plain(LayerKind::flatten, "flatten", in, {1, 1, static_cast<int>(in.elements())}, Activation::none);
}

LayerSpec dense(std::string name, const Extent& in, int channels, Activation activation) {
  return filter_layer(LayerKind::dense, std::move(name), in, channels, 1, {}, activation);
}

LayerSpec head(std::string name, const Extent& in, int classes) {
  return plain(LayerKind::head, std::move(name), in, {1, 1, classes}, Activation::none);
}

LayerList unfold(const LayerSpec& layer) {
  if (layer.kind == LayerKind::inverted_bottleneck) return unfold_block(layer);
  if (layer.kind == LayerKind::head) return unfold_head(layer);
  return {layer};
}

LayerList unfold(const LayerList& layers) {
  LayerList unfolded;
  for (const LayerSpec& layer : layers)
    for (LayerSpec& each : unfold(layer)) unfolded.push_back(std::move(each));
  return unfolded;
}

std::int64_t exits_of(const LayerList& layers) {
  std::int64_t exits = 1;
  for (std::size_t i = 0; i < layers.size(); ++i) exits += is_branch(layers, i) ? 1 : 0;
  return exits;
}

std::vector<Layer> layer_table(const LayerList& layers) {
  std::vector<Layer> rows;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (is_branch(layers, i) || layers[i].kind == LayerKind::flatten) continue;
    for (const LayerSpec& layer : unfold(layers[i])) rows.push_back(row_of(layer));
  }
  return rows;
}

}  // namespace danas
