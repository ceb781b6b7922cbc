#include "nn/network.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/random.hpp"

namespace danas {

namespace {

constexpr std::int64_t alignment = 16;  // elements: 64 bytes of f32
constexpr int first_exit_stage = 2;

// Channels that the head after `stage` sees; 0 where the network does not reach the stage.
std::int64_t head_inputs(const NetworkShape& shape, int stage) {
  std::int64_t channels = 0;
  for (const BlockShape& block : shape.blocks) {
    if (block.stage == stage) channels = block.out;
  }
  return channels > 0 && stage == shape.exit_stage() ? shape.features() : channels;
}

Error not_a_slice(const std::string& what) { return expected("network", "a slice of this network", what); }

View part(const View& buffer, std::int64_t offset, std::int64_t size) {
  std::byte* data = buffer.as<std::byte>() + static_cast<std::size_t>(offset) * bytes_of(buffer.type);
  return vector_view(buffer.type, data, size);
}

// Keras' fans: a depthwise filter [h, w, c] counts as [h, w, in = c, out = 1].
double glorot_limit(const std::vector<std::int64_t>& shape) {
  if (shape.size() == 2) return std::sqrt(6.0 / static_cast<double>(shape[0] + shape[1]));
  const std::int64_t out = shape.size() == 4 ? shape[3] : 1;
  return std::sqrt(6.0 / static_cast<double>(shape[0] * shape[1] * (shape[2] + out)));
}

void copy_filter(const Filter& from, const Filter& to) {
  const std::size_t row = static_cast<std::size_t>(from.out) * bytes_of(from.type);
  for (std::int64_t tap = 0; tap < from.h * from.w; ++tap) {
    for (std::int64_t i = 0; i < from.in; ++i) {
      const auto place = [&](const Filter& f) {
        return f.as<std::byte>() + static_cast<std::size_t>(tap * f.tap_stride + i * f.row_stride) * bytes_of(f.type);
      };
      std::memcpy(place(to), place(from), row);
    }
  }
}

void copy_view(const View& from, const View& to) { std::memcpy(to.data, from.data, from.bytes()); }

void copy_batch_norm(const BatchNormParameter& from, const BatchNormParameter& to) {
  copy_view(from.value.gamma, to.value.gamma);
  copy_view(from.value.beta, to.value.beta);
  copy_view(from.value.running_mean, to.value.running_mean);
  copy_view(from.value.running_variance, to.value.running_variance);
}

void copy_block(const BottleneckParameter& from, const BottleneckParameter& to) {
  if (from.value.expand.present()) {
    copy_filter(from.value.expand, to.value.expand);
    copy_batch_norm({from.value.bn1, {}}, {to.value.bn1, {}});
  }
  copy_filter(from.value.depthwise, to.value.depthwise);
  copy_batch_norm({from.value.bn2, {}}, {to.value.bn2, {}});
  copy_filter(from.value.project, to.value.project);
  copy_batch_norm({from.value.bn3, {}}, {to.value.bn3, {}});
}

}  // namespace

// Lays weights out one after another and names them; memory comes last, when the sizes are known.
class Network::Placement {
 public:
  explicit Placement(Network& network) : network_(network) {}

  FilterPlace kernel(const std::string& name, std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out) {
    return {add(name, {h, w, in, out}, true), h, w, in, out};
  }
  FilterPlace depthwise(const std::string& name, std::int64_t channels) {
    return {add(name, {3, 3, channels}, true), 3, 3, 1, channels};
  }
  FilterPlace dense(const std::string& name, std::int64_t in, std::int64_t out) {
    return {add(name, {in, out}, true), 1, 1, in, out};
  }
  std::int64_t vector(const std::string& name, std::int64_t size) { return add(name, {size}, true); }
  BatchNormPlace batch_norm(const std::string& name, std::int64_t channels) {
    BatchNormPlace place;
    place.gamma = vector(name + ".weight", channels);
    place.beta = vector(name + ".bias", channels);
    place.mean = add(name + ".running_mean", {channels}, false);
    place.variance = add(name + ".running_var", {channels}, false);
    place.channels = channels;
    return place;
  }

  void allocate() {
    Backend& backend = *network_.backend_;
    network_.values_ = Tensor(backend, 1, 1, 1, trainable_);
    network_.gradients_ = Tensor(backend, 1, 1, 1, trainable_);
    network_.statistics_ = Tensor(backend, 1, 1, 1, statistics_);
    for (std::size_t i = 0; i < offsets_.size(); ++i) {
      NamedWeight& weight = network_.named_[i];
      const View& buffer = weight.trainable ? network_.values_.view() : network_.statistics_.view();
      std::byte* data = buffer.as<std::byte>() + static_cast<std::size_t>(offsets_[i]) * bytes_of(buffer.type);
      weight.view = vector_view(buffer.type, data, weight.view.c);
    }
  }

 private:
  std::int64_t add(const std::string& name, std::vector<std::int64_t> shape, bool trainable) {
    std::int64_t size = 1;
    for (const std::int64_t extent : shape) size *= extent;
    std::int64_t& end = trainable ? trainable_ : statistics_;
    const std::int64_t offset = end;
    end = (end + size + alignment - 1) / alignment * alignment;
    network_.named_.push_back({name, vector_view(Type::f32, nullptr, size), std::move(shape), trainable});
    offsets_.push_back(offset);
    return offset;
  }

  Network& network_;
  std::int64_t trainable_ = 0, statistics_ = 0;
  std::vector<std::int64_t> offsets_;  // as network_.named_
};

Network::Network(Backend& backend, NetworkShape shape, std::vector<int> head_stages)
    : backend_(&backend), shape_(std::move(shape)) {
  Placement placement(*this);
  stem_ = placement.kernel("stem.conv.weight", 3, 3, shape_.channels, shape_.stem);
  stem_bn_ = placement.batch_norm("stem.bn", shape_.stem);
  for (const BlockShape& block : shape_.blocks) {
    const std::string name = "blocks." + std::to_string(block.index);
    BlockPlaces& places = blocks_.emplace_back();
    if (block.has_expansion()) {
      places.expand = placement.kernel(name + ".expand.weight", 1, 1, block.in, block.expanded);
      places.bn1 = placement.batch_norm(name + ".bn1", block.expanded);
    }
    places.depthwise = placement.depthwise(name + ".depthwise.weight", block.expanded);
    places.bn2 = placement.batch_norm(name + ".bn2", block.expanded);
    places.project = placement.kernel(name + ".project.weight", 1, 1, block.expanded, block.out);
    places.bn3 = placement.batch_norm(name + ".bn3", block.out);
  }
  if (shape_.last > 0) {
    last_ = placement.kernel("last.conv.weight", 1, 1, shape_.blocks.back().out, shape_.last);
    last_bn_ = placement.batch_norm("last.bn", shape_.last);
  }
  std::sort(head_stages.begin(), head_stages.end());
  for (const int stage : head_stages) {
    const std::int64_t inputs = stage >= first_exit_stage ? head_inputs(shape_, stage) : 0;
    if (inputs == 0) {
      throw expected("network", "heads after stages 2 to " + std::to_string(shape_.exit_stage()), std::to_string(stage));
    }
    const std::string name = "heads." + std::to_string(stage);
    const FilterPlace weight = placement.dense(name + ".weight", inputs, shape_.classes);
    heads_.push_back({stage, weight, placement.vector(name + ".bias", shape_.classes)});
  }
  placement.allocate();
}

Network::Network(Backend& backend, NetworkShape shape, std::vector<int> head_stages, std::uint64_t seed)
    : Network(backend, std::move(shape), std::move(head_stages)) {
  initialize(seed);
}

void Network::initialize(std::uint64_t seed) {
  for (const NamedWeight& weight : named_) {
    if (weight.shape.size() > 1) {
      Random random(seed, "initialize " + weight.name);
      const double limit = glorot_limit(weight.shape);
      for (std::int64_t i = 0; i < weight.view.c; ++i) set(weight.view, i, random.uniform(-limit, limit));
    } else if (weight.name.ends_with(".weight") || weight.name.ends_with(".running_var")) {
      for (std::int64_t i = 0; i < weight.view.c; ++i) set(weight.view, i, 1.0);
    }
  }
}

Network Network::supernet(Backend& backend, const NetworkShape& shape, std::uint64_t seed) {
  std::vector<int> exits;
  for (int stage = first_exit_stage; stage <= shape.exit_stage(); ++stage) exits.push_back(stage);
  return {backend, shape, exits, seed};
}

Network Network::gather(const NetworkShape& slice) const {
  Network copy(*backend_, slice, {slice.exit_stage()});
  const NetworkParameters from = parameters(slice, false), to = copy.parameters(slice, false);
  if (from.heads.empty() || from.heads.back().stage != slice.exit_stage()) {
    throw expected("network", "a head after stage " + std::to_string(slice.exit_stage()), "none");
  }
  copy_filter(from.stem.value, to.stem.value);
  copy_batch_norm(from.stem_bn, to.stem_bn);
  for (std::size_t i = 0; i < from.blocks.size(); ++i) copy_block(from.blocks[i], to.blocks[i]);
  if (slice.last > 0) {
    copy_filter(from.last.value, to.last.value);
    copy_batch_norm(from.last_bn, to.last_bn);
  }
  copy_filter(from.heads.back().weight.value, to.heads.back().weight.value);
  copy_view(from.heads.back().bias.value, to.heads.back().bias.value);
  return copy;
}

std::int64_t Network::trainable_count() const {
  std::int64_t count = 0;
  for (const NamedWeight& weight : named_) count += weight.trainable ? weight.view.size() : 0;
  return count;
}

FilterParameter Network::filter(const FilterPlace& place, std::int64_t in, std::int64_t out,
                                bool with_gradients) const {
  if (in <= 0 || out <= 0 || in > place.in || out > place.out) {
    throw not_a_slice(std::to_string(in) + " to " + std::to_string(out) + " channels where there are " +
                      std::to_string(place.in) + " to " + std::to_string(place.out));
  }
  const auto view = [&](const View& buffer) {
    std::byte* data = buffer.as<std::byte>() + static_cast<std::size_t>(place.offset) * bytes_of(buffer.type);
    return Filter{buffer.type, data, place.h, place.w, in, out, place.in * place.out, place.out};
  };
  return {view(values()), with_gradients ? view(gradients()) : Filter{}};
}

VectorParameter Network::vector(std::int64_t offset, std::int64_t size, bool with_gradients) const {
  return {part(values(), offset, size), with_gradients ? part(gradients(), offset, size) : View{}};
}

BatchNormParameter Network::batch_norm(const BatchNormPlace& place, std::int64_t channels, bool with_gradients) const {
  if (channels > place.channels) throw not_a_slice(std::to_string(channels) + " normalized channels");
  const VectorParameter gamma = vector(place.gamma, channels, with_gradients);
  const VectorParameter beta = vector(place.beta, channels, with_gradients);
  return {{gamma.value, beta.value, part(statistics_.view(), place.mean, channels),
           part(statistics_.view(), place.variance, channels)},
          {gamma.gradient, beta.gradient}};
}

BottleneckParameter Network::block(const BlockShape& shape, bool with_gradients) const {
  const auto same = std::find_if(shape_.blocks.begin(), shape_.blocks.end(),
                                 [&](const BlockShape& own) { return own.index == shape.index; });
  if (same == shape_.blocks.end()) throw not_a_slice("block " + std::to_string(shape.index));
  const BlockPlaces& places = blocks_[static_cast<std::size_t>(same - shape_.blocks.begin())];
  BottleneckParameter parameter;
  const auto take = [&](const FilterPlace& kernel, std::int64_t in, std::int64_t out, const BatchNormPlace& norm,
                        Filter& value, BatchNormWeights& weights, Filter& gradient, BatchNormGradients& gradients) {
    const FilterParameter filters = filter(kernel, in, out, with_gradients);
    const BatchNormParameter normalization = batch_norm(norm, out, with_gradients);
    value = filters.value;
    gradient = filters.gradient;
    weights = normalization.value;
    gradients = normalization.gradient;
  };
  BottleneckWeights& value = parameter.value;
  BottleneckGradients& gradient = parameter.gradient;
  if (shape.has_expansion()) {
    take(places.expand, shape.in, shape.expanded, places.bn1, value.expand, value.bn1, gradient.expand, gradient.bn1);
  }
  take(places.depthwise, 1, shape.expanded, places.bn2, value.depthwise, value.bn2, gradient.depthwise, gradient.bn2);
  take(places.project, shape.expanded, shape.out, places.bn3, value.project, value.bn3, gradient.project, gradient.bn3);
  value.stride = shape.stride;
  value.residual = shape.residual;
  return parameter;
}

NetworkParameters Network::parameters(const NetworkShape& slice, bool with_gradients) const {
  if (slice.channels != shape_.channels || slice.classes != shape_.classes) {
    throw not_a_slice(std::to_string(slice.channels) + " color channels, " + std::to_string(slice.classes) + " classes");
  }
  NetworkParameters parameters;
  parameters.stem = filter(stem_, slice.channels, slice.stem, with_gradients);
  parameters.stem_bn = batch_norm(stem_bn_, slice.stem, with_gradients);
  for (const BlockShape& shape : slice.blocks) parameters.blocks.push_back(block(shape, with_gradients));
  if (slice.last > 0) {
    parameters.last = filter(last_, slice.blocks.back().out, slice.last, with_gradients);
    parameters.last_bn = batch_norm(last_bn_, slice.last, with_gradients);
  }
  for (const HeadPlaces& head : heads_) {
    if (head.stage > slice.exit_stage()) continue;
    parameters.heads.push_back({head.stage,
                                filter(head.weight, head_inputs(slice, head.stage), slice.classes, with_gradients),
                                vector(head.bias, slice.classes, with_gradients)});
  }
  return parameters;
}

}  // namespace danas
