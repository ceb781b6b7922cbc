// The layer table of a network with batch normalization folded and ReLU6 in its layer.
#include "nn/architecture.hpp"

namespace danas {

namespace {

class LayerTable {
 public:
  explicit LayerTable(const NetworkShape& shape) : size_(shape.resolution), channels_(shape.channels) {}

  void convolution(const std::string& name, int kernel, int stride, int out, long long kept) {
    Layer& layer = add(name, kernel == 1 ? "conv 1x1" : "conv 3x3", stride, out, kept);
    weigh(layer, static_cast<long long>(kernel) * kernel * layer.in_channels * out);
  }
  void depthwise(const std::string& name, int stride, long long kept) {
    Layer& layer = add(name, "depthwise 3x3", stride, channels_, kept);
    weigh(layer, 9LL * channels_);
  }
  void pool(const std::string& name) {
    Layer& layer = add(name, "pool", 1, channels_, 0);
    layer.out_height = layer.out_width = size_ = 1;
  }
  void dense(const std::string& name, int out) {
    Layer& layer = add(name, "dense", 1, out, 0);
    layer.macs = static_cast<long long>(layer.in_channels) * out;
    layer.parameters = layer.parameters_folded = layer.macs + out;
  }

  long long elements() const { return static_cast<long long>(size_) * size_ * channels_; }
  std::vector<Layer> take() { return std::move(layers_); }

 private:
  Layer& add(const std::string& name, const char* kind, int stride, int out, long long kept) {
    Layer layer;
    layer.name = name;
    layer.kind = kind;
    layer.in_height = layer.in_width = size_;
    layer.in_channels = channels_;
    size_ = (size_ + stride - 1) / stride;
    channels_ = out;
    layer.out_height = layer.out_width = size_;
    layer.out_channels = out;
    layer.kept = kept;
    return layers_.emplace_back(std::move(layer));
  }
  // γ and β are trained; folded, one bias a channel is left.
  static void weigh(Layer& layer, long long kernel) {
    layer.parameters = kernel + 2LL * layer.out_channels;
    layer.parameters_folded = kernel + layer.out_channels;
    layer.macs = kernel * layer.out_height * layer.out_width;
  }

  std::vector<Layer> layers_;
  int size_, channels_;
};

}  // namespace

std::vector<Layer> layers(const NetworkShape& shape) {
  LayerTable table(shape);
  table.convolution("stem", 3, 2, shape.stem, 0);
  for (const BlockShape& block : shape.blocks) {
    const std::string name = "blocks." + std::to_string(block.index);
    const long long kept = block.residual ? table.elements() : 0;
    if (block.has_expansion()) table.convolution(name + ".expand", 1, 1, block.expanded, 0);
    table.depthwise(name + ".depthwise", block.stride, block.has_expansion() ? kept : 0);
    table.convolution(name + ".project", 1, 1, block.out, kept);
  }
  if (shape.last > 0) table.convolution("last", 1, 1, shape.last, 0);
  table.pool("pool");
  table.dense("heads." + std::to_string(shape.exit_stage()), shape.classes);
  return table.take();
}

}  // namespace danas
