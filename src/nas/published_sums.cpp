#include "nas/published_sums.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "nn/mobilenet_v2.hpp"

namespace danas {

namespace {

class Rows {
 public:
  explicit Rows(double width) : width_(width) {}

  /// A layer that sees `inputs` elements; weights by their sizes.
  LayerRow& add(const std::string& name, const char* kind, const Extent& in, const Extent& out, std::int64_t inputs,
                std::initializer_list<std::int64_t> weights = {}) {
    LayerRow row{name, kind, in.height, in.width, in.channels, out.height, out.width, out.channels, 0, 0, 0, 0, 0};
    row.ram_bytes = share(inputs) + share(out.elements());
    for (const std::int64_t weight : weights) row.flash_bytes += share(weight);
    return rows_.emplace_back(row);
  }

  void add_part(const LayerSpec& part, const Layer& whole) {
    Extent in = part.in;
    if (part.kind == LayerKind::depthwise && part.geometry.stride == 2) {
      const auto padded = [](int size) { return size + (size % 2 == 0 ? 1 : 2); };
      const Extent out{padded(in.height), padded(in.width), in.channels};
      add(part.name + "_pad", "padding", in, out, in.elements());
      in = out;
    }
    const std::int64_t channels = part.out.channels, bias = part.normalized() ? 0 : channels;
    if (part.kind == LayerKind::global_average_pool) {
      add(part.name, "pool", in, part.out, in.elements());
      return;
    }
    LayerRow& row = add(part.name, part.kind == LayerKind::dense ? "dense" : "convolution", in, part.out, in.elements(),
                        {whole.parameters_folded - channels, bias});
    row.parameters = whole.parameters_folded - channels + bias;
    row.parameters_folded = whole.parameters_folded;
    row.macs = whole.macs;
    if (part.normalized())
      add(part.normalization, "batch norm", part.out, part.out, part.out.elements(),
          {channels, channels, channels, channels})
          .parameters = 2 * channels;
    if (part.activation == Activation::relu6)
      add(part.name + "_relu", "ReLU6", part.out, part.out, part.out.elements());
  }

  std::vector<LayerRow> take() { return std::move(rows_); }

 private:
  long long share(std::int64_t size) const { return published_share(size, width_); }

  double width_;
  std::vector<LayerRow> rows_;
};

}  // namespace

std::vector<LayerRow> published_rows(const System& system, int classes) {
  const Slice& slice = system.architecture.slice();
  const LayerList layers = slice_layers(system.data.input(), {slice.depth, 1.0}, classes);
  Rows rows(slice.width);
  for (const LayerSpec& layer : layers) {
    const LayerList parts = unfold(layer);
    const std::vector<Layer> table = layer_table({layer});
    for (std::size_t i = 0; i < parts.size(); ++i) rows.add_part(parts[i], table[i]);
    if (layer.residual) rows.add(layer.name + "_add", "add", layer.out, layer.out, 2 * layer.out.elements());
  }
  return rows.take();
}

long long published_ram(const std::vector<LayerRow>& rows) {
  long long most = 0;
  for (const LayerRow& row : rows) most = std::max(most, row.ram_bytes);
  return most;
}

long long published_flash(const std::vector<LayerRow>& rows) {
  long long sum = 0;
  for (const LayerRow& row : rows) sum += row.flash_bytes;
  return sum;
}

}  // namespace danas
