#include "nn/network.hpp"

#include <cmath>

#include "base/error.hpp"
#include "base/random.hpp"

namespace danas {

namespace {

constexpr std::int64_t alignment = 16;  // elements: 64 bytes of f32

Error not_a_slice(const std::string& what) { return expected("network", "a slice of this network", what); }

std::byte* at(const View& buffer, std::int64_t offset) {
  return buffer.as<std::byte>() + static_cast<std::size_t>(offset) * bytes_of(buffer.type);
}

// Keras' fans: a depthwise filter [h, w, c] counts as [h, w, in = c, out = 1].
double glorot_limit(const std::vector<std::int64_t>& shape) {
  if (shape.size() == 2) return std::sqrt(6.0 / static_cast<double>(shape[0] + shape[1]));
  const std::int64_t out = shape.size() == 4 ? shape[3] : 1;
  return std::sqrt(6.0 / static_cast<double>(shape[0] * shape[1] * (shape[2] + out)));
}

// As a checkpoint has it.
std::vector<std::int64_t> filter_shape(const LayerSpec& layer) {
  const std::int64_t kernel = layer.kernel, in = layer.in.channels, out = layer.out.channels;
  if (layer.kind == LayerKind::dense) return {in, out};
  if (layer.kind == LayerKind::depthwise) return {kernel, kernel, out};
  return {kernel, kernel, in, out};
}

// The view of a filter's first channels, in and out, where `whole` is its shape in the network.
Filter first_channels(const View& values, const std::vector<std::int64_t>& whole, const LayerSpec& layer) {
  const bool depthwise = layer.kind == LayerKind::depthwise;
  const std::int64_t all_in = depthwise ? 1 : whole[whole.size() - 2], all_out = whole.back();
  const std::int64_t in = depthwise ? 1 : layer.in.channels, out = layer.out.channels;
  if (in <= 0 || out <= 0 || in > all_in || out > all_out)
    throw not_a_slice(std::to_string(in) + " to " + std::to_string(out) + " channels where there are " +
                      std::to_string(all_in) + " to " + std::to_string(all_out));
  return {values.type, values.data, layer.kernel, layer.kernel, in, out, all_in * all_out, all_out};
}

// The filters of some of its output channels, from `first` on.
Filter channels_of(const Filter& filter, std::int64_t first, std::int64_t count) {
  Filter part = filter;
  if (filter.present()) part.data = filter.as<std::byte>() + static_cast<std::size_t>(first) * bytes_of(filter.type);
  part.out = count;
  return part;
}

void copy_layer(Backend& backend, const LayerParameters& from, const LayerParameters& to) {
  const auto copy = [&](const auto& source, const auto& target) {
    if (source.present()) backend.copy(source, target);
  };
  copy(from.filter.value, to.filter.value);
  copy(from.bias.value, to.bias.value);
  const BatchNormWeights &source = from.normalization.value, &target = to.normalization.value;
  copy(source.gamma, target.gamma);
  copy(source.beta, target.beta);
  copy(source.running_mean, target.running_mean);
  copy(source.running_variance, target.running_variance);
}

}  // namespace

// Lays weights out one after another and names them; memory comes last, when the sizes are known.
class Network::Placement {
 public:
  explicit Placement(Network& network) : network_(network) {}

  void place(const LayerSpec& layer) {
    if (layer.weight.empty()) return;
    const std::int64_t channels = layer.out.channels;
    add(layer.weight + ".weight", filter_shape(layer), true);
    if (!layer.normalized()) return add(layer.weight + ".bias", {channels}, true);
    add(layer.normalization + ".weight", {channels}, true);
    add(layer.normalization + ".bias", {channels}, true);
    add(layer.normalization + ".running_mean", {channels}, false);
    add(layer.normalization + ".running_var", {channels}, false);
  }

  void allocate() {
    Backend& backend = *network_.backend_;
    const auto vector = [&](Type type, std::int64_t size) { return Tensor(backend, vector_view(type, nullptr, size)); };
    network_.values_ = vector(backend.weight_type(), trainable_);
    network_.gradients_ = vector(backend.weight_type(), trainable_);
    network_.statistics_ = vector(backend.weight_type(), statistics_);
    if (backend.activation_type() != backend.weight_type())
      network_.working_ = vector(backend.activation_type(), trainable_);
    for (std::size_t i = 0; i < offsets_.size(); ++i) {
      NamedWeight& weight = network_.named_[i];
      const View& buffer = weight.trainable ? network_.values_.view() : network_.statistics_.view();
      weight.view = vector_view(buffer.type, at(buffer, offsets_[i]), weight.view.c);
    }
  }

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape, bool trainable) {
    std::int64_t size = 1;
    for (const std::int64_t extent : shape) size *= extent;
    std::int64_t& end = trainable ? trainable_ : statistics_;
    offsets_.push_back(end);
    end = (end + size + alignment - 1) / alignment * alignment;
    network_.places_.emplace(name, network_.named_.size());
    network_.named_.push_back({name, vector_view(Type::f32, nullptr, size), std::move(shape), trainable});
  }

  Network& network_;
  std::int64_t trainable_ = 0, statistics_ = 0;
  std::vector<std::int64_t> offsets_;  // as network_.named_
};

// Heads come last, so that the weights of a supernet's trunk lie together.
Network::Network(Backend& backend, LayerList layers) : backend_(&backend), layers_(std::move(layers)) {
  Placement placement(*this);
  for (const bool heads : {false, true})
    for (const LayerSpec& layer : layers_)
      if ((layer.kind == LayerKind::head) == heads)
        for (const LayerSpec& each : unfold(layer)) placement.place(each);
  placement.allocate();
  for (const LayerSpec& layer : unfold(layers_)) {
    if (layer.masked == 0) continue;
    const FilterParameter whole = filter(layer, true);
    const auto masked = [&](const Filter& all) { return channels_of(all, all.out - layer.masked, layer.masked); };
    masked_.push_back({masked(whole.value), masked(whole.gradient)});
  }
}

Network::Network(Backend& backend, LayerList layers, std::uint64_t seed) : Network(backend, std::move(layers)) {
  initialize(seed);
}

void Network::initialize(std::uint64_t seed, std::string_view prefix) {
  for (const NamedWeight& weight : named_) {
    if (!weight.name.starts_with(prefix)) continue;
    const bool one = weight.name.ends_with(".weight") || weight.name.ends_with(".running_var");  // not biases and means
    std::vector<double> numbers(static_cast<std::size_t>(weight.view.size()), one ? 1.0 : 0.0);
    if (weight.shape.size() > 1) {
      Random random(seed, "initialize " + weight.name);
      const double limit = glorot_limit(weight.shape);
      for (double& number : numbers) number = random.uniform(-limit, limit);
    }
    upload_numbers(*backend_, numbers, weight.view);
  }
  clear_masked_filters();
}

Network Network::gather(const LayerList& slice) const {
  Network copy(*backend_, slice);
  for (const LayerSpec& layer : unfold(slice)) copy_layer(*backend_, plain(layer, false), copy.plain(layer, false));
  copy.clear_masked_filters();
  return copy;
}

void Network::put_back(const Network& copy, const LayerList& layers) {
  for (const LayerSpec& layer : unfold(layers)) {
    LayerParameters from = copy.plain(layer, false), to = plain(layer, false);
    for (Filter* filter : {&from.filter.value, &to.filter.value})
      *filter = channels_of(*filter, 0, filter->out - layer.masked);
    copy_layer(*backend_, from, to);
  }
}

void Network::clear_masked_filters() const {
  for (const FilterParameter& masked : masked_) backend_->clear(masked.value);
}

void Network::clear_masked_gradients(Backend& on) const {
  for (const FilterParameter& masked : masked_) on.clear(masked.gradient);
}

std::int64_t Network::trainable_count() const {
  std::int64_t count = 0;
  for (const NamedWeight& weight : named_) count += weight.trainable ? weight.view.size() : 0;
  return count;
}

const NamedWeight& Network::named(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) throw not_a_slice("one with " + name);
  return named_[found->second];
}

// Where the gradient of a weight's first elements lies.
View Network::gradient_of(const NamedWeight& weight, const View& value) const {
  return value.with_data(gradients().as<std::byte>() + (weight.view.as<std::byte>() - values().as<std::byte>()));
}

void Network::update_working_copy(Backend& on) const {
  if (working_.size() > 0) on.cast(values(), working_.view());
}

Filter Network::working(const Filter& filter) const {
  const View& copy = working_.view();
  if (!copy.present() || !filter.present()) return filter;
  const std::int64_t offset =
      (filter.as<std::byte>() - values().as<std::byte>()) / static_cast<std::int64_t>(bytes_of(filter.type));
  Filter read = filter;
  read.type = copy.type;
  read.data = at(copy, offset);
  return read;
}

FilterParameter Network::filter(const LayerSpec& layer, bool with_gradients) const {
  const NamedWeight& weight = named(layer.weight + ".weight");
  const Filter value = first_channels(weight.view, weight.shape, layer);
  if (!with_gradients) return {value, {}};
  return {value, first_channels(gradient_of(weight, weight.view), weight.shape, layer)};
}

VectorParameter Network::vector(const std::string& name, std::int64_t size, bool with_gradients) const {
  const NamedWeight& weight = named(name);
  if (size > weight.view.size()) throw not_a_slice(std::to_string(size) + " channels of " + name);
  View value = weight.view;
  value.c = size;
  return {value, with_gradients ? gradient_of(weight, value) : View{}};
}

// Of an unfolded layer.
LayerParameters Network::plain(const LayerSpec& layer, bool with_gradients) const {
  LayerParameters parameters;
  if (layer.weight.empty()) return parameters;
  const std::int64_t channels = layer.out.channels;
  parameters.filter = filter(layer, with_gradients);
  if (!layer.normalized()) {
    parameters.bias = vector(layer.weight + ".bias", channels, with_gradients);
    return parameters;
  }
  const VectorParameter gamma = vector(layer.normalization + ".weight", channels, with_gradients),
                        beta = vector(layer.normalization + ".bias", channels, with_gradients);
  parameters.normalization = {{gamma.value, beta.value,
                               vector(layer.normalization + ".running_mean", channels, false).value,
                               vector(layer.normalization + ".running_var", channels, false).value},
                              {gamma.gradient, beta.gradient}};
  return parameters;
}

std::vector<Filter> Network::trainable(const LayerList& slice) const {
  std::vector<Filter> weights;
  for (const LayerSpec& layer : unfold(slice)) {
    const LayerParameters parameters = plain(layer, false);
    if (parameters.filter.value.present()) weights.push_back(parameters.filter.value);
    const BatchNormWeights& normalization = parameters.normalization.value;
    for (const View& vector : {parameters.bias.value, normalization.gamma, normalization.beta})
      if (vector.present()) weights.push_back(filter_of(vector));
  }
  return weights;
}

BottleneckParameter Network::bottleneck(const LayerSpec& block, bool with_gradients) const {
  BottleneckParameter parameter;
  BottleneckWeights& value = parameter.value;
  BottleneckGradients& gradient = parameter.gradient;
  value.stride = block.geometry.stride;
  value.residual = block.residual;
  const LayerList layers = unfold(block);
  const auto take = [&](const LayerSpec& layer, Filter& filter, BatchNormWeights& norm, Filter& filter_gradient,
                        BatchNormGradients& norm_gradient) {
    const LayerParameters parameters = plain(layer, with_gradients);
    filter = working(parameters.filter.value);
    filter_gradient = parameters.filter.gradient;
    norm = parameters.normalization.value;
    norm_gradient = parameters.normalization.gradient;
  };
  if (block.expands()) take(layers.front(), value.expand, value.bn1, gradient.expand, gradient.bn1);
  take(layers[layers.size() - 2], value.depthwise, value.bn2, gradient.depthwise, gradient.bn2);
  take(layers.back(), value.project, value.bn3, gradient.project, gradient.bn3);
  return parameter;
}

std::vector<LayerParameters> Network::parameters(const LayerList& slice, bool with_gradients) const {
  if (input_of(slice).channels != input_of(layers_).channels || classes_of(slice) != classes_of(layers_)) {
    throw not_a_slice(std::to_string(input_of(slice).channels) + " color channels, " +
                      std::to_string(classes_of(slice)) + " classes");
  }
  std::vector<LayerParameters> parameters;
  for (const LayerSpec& layer : slice) {
    LayerParameters& own = parameters.emplace_back();
    if (layer.kind == LayerKind::inverted_bottleneck) {
      own.bottleneck = bottleneck(layer, with_gradients);
      continue;
    }
    own = plain(unfold(layer).back(), with_gradients);
    own.filter.value = working(own.filter.value);
  }
  return parameters;
}

}  // namespace danas
