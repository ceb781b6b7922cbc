#include "nn/forward.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace danas {

namespace {

View flat(View x) {
  x.c *= x.h * x.w;
  x.h = x.w = 1;
  return x;
}

// Two buffers that layers write in turn.
class PingPong {
 public:
  PingPong(Arena& arena, std::int64_t elements)
      : buffers_{arena.take(1, 1, 1, elements), arena.take(1, 1, 1, elements)} {}
  View next(std::int64_t images, const Extent& extent) {
    turn_ = 1 - turn_;
    return {buffers_[turn_].type, buffers_[turn_].data, images, extent.height, extent.width, extent.channels};
  }

 private:
  View buffers_[2];
  int turn_ = 0;
};

// Elements of the largest output of one image.
std::int64_t widest_output(const LayerList& layers) {
  std::int64_t widest = 0;
  for (const LayerSpec& layer : layers) widest = std::max(widest, layer.out.elements());
  return widest;
}

// An unfolded layer and its activation; bias may be absent.
void run_plain(Backend& backend, const LayerSpec& layer, const View& x, const Filter& filter, const View& bias,
               Activation activation, const View& y) {
  switch (layer.kind) {
    case LayerKind::convolution: return backend.convolution(x, filter, layer.geometry, bias, activation, y);
    case LayerKind::depthwise: return backend.depthwise(x, filter, layer.geometry, bias, activation, y);
    case LayerKind::dense: return backend.matmul(x, filter, bias, activation, y);
    case LayerKind::global_average_pool: return backend.global_average_pool(x, y);
    default: throw expected("network", "a layer of one operation", layer.name);
  }
}

Tape::Value plain_value(Tape& tape, const LayerSpec& layer, const LayerParameters& parameters, Tape::Value x) {
  switch (layer.kind) {
    case LayerKind::convolution: return tape.convolution(x, parameters.filter, layer.geometry, parameters.bias);
    case LayerKind::depthwise: return tape.depthwise(x, parameters.filter, layer.geometry, parameters.bias);
    case LayerKind::dense: return tape.dense(x, parameters.filter, parameters.bias);
    case LayerKind::global_average_pool: return tape.global_average_pool(x);
    case LayerKind::flatten: return tape.flatten(x);
    case LayerKind::inverted_bottleneck: return tape.bottleneck(x, parameters.bottleneck);
    case LayerKind::head: return tape.dense(tape.global_average_pool(x), parameters.filter, parameters.bias);
  }
  return x;
}

Tape::Value layer_value(Tape& tape, const LayerSpec& layer, const LayerParameters& parameters, Tape::Value x) {
  if (layer.normalized() && layer.kind == LayerKind::convolution)
    return tape.normalized_convolution(x, parameters.filter, layer.geometry, parameters.normalization,
                                       layer.activation);
  const Tape::Value y = plain_value(tape, layer, parameters, x);
  if (layer.normalized()) return tape.batch_norm(y, parameters.normalization, layer.activation);
  return layer.activation == Activation::none ? y : tape.activation(y, layer.activation);
}

}  // namespace

Forward forward_training(Tape& tape, const LayerList& layers, const std::vector<LayerParameters>& parameters,
                         const View& images) {
  Forward forward;
  Tape::Value value = tape.input(images);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool branch = is_branch(layers, i);
    const Tape::Value output = layer_value(tape, layers[i], parameters[i], branch ? tape.stop_gradient(value) : value);
    forward.outputs.push_back(output);
    if (branch || i + 1 == layers.size()) forward.exits.push_back(output);
    if (!branch) value = output;
  }
  return forward;
}

namespace {

bool has_statistics(const LayerSpec& layer) {
  return layer.normalized() || layer.kind == LayerKind::inverted_bottleneck;
}

// A layer with its normalization and activation, as forward_training() has them.
void normalized_statistics(Backend& backend, Arena& arena, const LayerSpec& layer, const LayerParameters& parameters,
                           const View& x, const View& y, const StatisticsObserver& observe) {
  const ArenaScope scope(arena);
  const BatchNormWeights& weights = parameters.normalization.value;
  if (layer.kind == LayerKind::convolution) {
    ConvolutionSaved saved;
    backend.normalized_convolution_training(x, parameters.filter.value, layer.geometry, weights, batch_norm_epsilon,
                                            layer.activation, arena, y, saved);
    return observe({weights, saved.statistics, y.rows()});
  }
  const View convolved = arena.take_like(y);
  const View mean = arena.take_vector(y.c);
  const BatchNormStatistics statistics{mean, arena.take_vector(y.c)};
  run_plain(backend, layer, x, parameters.filter.value, {}, Activation::none, convolved);
  backend.batch_norm_training(convolved, weights, batch_norm_epsilon, layer.activation, y, statistics);
  observe({weights, statistics, y.rows()});
}

void block_statistics(Backend& backend, Arena& arena, const View& x, const BottleneckWeights& weights, const View& y,
                      const StatisticsObserver& observe) {
  const ArenaScope scope(arena);
  BottleneckSaved saved;
  backend.bottleneck_training(x, weights, batch_norm_epsilon, arena, y, saved);
  if (weights.expand.present()) observe({weights.bn1, saved.bn1, x.rows()});
  observe({weights.bn2, saved.bn2, y.rows()});
  observe({weights.bn3, saved.bn3, y.rows()});
}

}  // namespace

void forward_statistics(Backend& backend, Arena& arena, const LayerList& layers,
                        const std::vector<LayerParameters>& parameters, const View& images,
                        const StatisticsObserver& observe) {
  const ArenaScope scope(arena);
  PingPong outputs(arena, images.n * widest_output(layers));
  const auto end = std::find_if(layers.rbegin(), layers.rend(), has_statistics).base();
  View x = images;
  for (auto layer = layers.begin(); layer != end; ++layer) {
    const LayerParameters& own = parameters[static_cast<std::size_t>(layer - layers.begin())];
    if (layer->kind == LayerKind::head) continue;
    if (layer->kind == LayerKind::flatten) {
      x = flat(x);
      continue;
    }
    const View y = outputs.next(x.n, layer->out);
    if (layer->kind == LayerKind::inverted_bottleneck)
      block_statistics(backend, arena, x, own.bottleneck.value, y, observe);
    else if (layer->normalized()) normalized_statistics(backend, arena, *layer, own, x, y, observe);
    else run_plain(backend, *layer, x, own.filter.value, own.bias.value, layer->activation, y);
    x = y;
  }
}

namespace {

/// Whether a folded layer is the expansion of the block after it.
bool joins_next(const Backend& backend, const LayerList& layers, std::size_t i) {
  if (backend.fusion() != Fusion::planes || i + 1 == layers.size()) return false;
  const LayerSpec &layer = layers[i], &next = layers[i + 1];
  return layer.kind == LayerKind::convolution && layer.normalized() && layer.activation == Activation::relu6 &&
         layer.geometry.padding == Padding::same && next.kind == LayerKind::inverted_bottleneck && !next.expands() &&
         !next.residual;
}

/// Whether the head after a folded layer wants the mean over its output alone.
bool averaged_by_next(const LayerList& layers, std::size_t i) {
  if (i + 1 == layers.size() || is_branch(layers, i + 1)) return false;
  const LayerSpec& layer = layers[i];
  return layer.kind == LayerKind::convolution && layer.normalized() && layer.kernel == 1 &&
         layer.geometry.stride == 1 && layers[i + 1].kind == LayerKind::head;
}

}  // namespace

FoldedNetwork::FoldedNetwork(Backend& backend, Arena& arena, const LayerList& layers,
                             const std::vector<LayerParameters>& parameters)
    : backend_(backend), arena_(arena), layers_(layers) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool averaged = averaged_by_next(layers, i);
    if (!joins_next(backend, layers, i))
      widest_ = std::max<std::int64_t>(widest_, averaged ? layers[i].out.channels : layers[i].out.elements());
    FoldedLayer& folded = folded_.emplace_back();
    const LayerParameters& own = parameters[i];
    if (is_branch(layers, i)) continue;
    if (layers[i].kind == LayerKind::inverted_bottleneck)
      folded.bottleneck = backend.fold_bottleneck(block_of(parameters, i), batch_norm_epsilon, arena);
    else if (averaged)
      folded.features = backend.fold_features(own.filter.value, own.normalization.value, batch_norm_epsilon,
                                              layers[i].activation, arena);
    else if (layers[i].normalized()) folded = fold(own.filter.value, own.normalization.value);
    else folded = {own.filter.value, own.bias.value, {}, {}};
  }
}

BottleneckWeights FoldedNetwork::block_of(const std::vector<LayerParameters>& parameters, std::size_t i) const {
  BottleneckWeights block = parameters[i].bottleneck.value;
  if (i == 0 || !joins_next(backend_, layers_, i - 1)) return block;
  block.expand = parameters[i - 1].filter.value;
  block.bn1 = parameters[i - 1].normalization.value;
  block.expand_stride = layers_[i - 1].geometry.stride;
  return block;
}

FoldedNetwork::FoldedLayer FoldedNetwork::fold(const Filter& filter, const BatchNormWeights& weights) const {
  const Filter dense = arena_.take_filter(filter.h, filter.w, filter.in, filter.out);
  const View bias = arena_.take_vector(filter.out);
  backend_.fold_batch_norm(filter, weights, batch_norm_epsilon, dense, bias);
  return {dense, bias, {}, {}};
}

void FoldedNetwork::run_head(Arena& scratch, const LayerSpec& layer, const FoldedLayer& folded, const View& x,
                             const View& logits) const {
  View features = x;
  if (x.h * x.w > 1) {
    features = scratch.take(x.n, 1, 1, x.c);
    backend_.global_average_pool(x, features);
  }
  backend_.matmul(features, folded.filter, folded.bias, layer.activation, logits);
}

void FoldedNetwork::observe_joined(Arena& scratch, const LayerSpec& layer, const FoldedLayer& folded, const View& x,
                                   const Observer& observe) const {
  const ArenaScope scope(scratch);
  const View y = scratch.take(x.n, layer.out.height, layer.out.width, layer.out.channels);
  run_plain(backend_, layer, x, folded.filter, folded.bias, layer.activation, y);
  observe(layer.name, y);
}

void FoldedNetwork::observe_averaged(Arena& scratch, const LayerSpec& layer, const FoldedFeatures& features,
                                     const View& x, const Observer& observe) const {
  const ArenaScope scope(scratch);
  const View y = scratch.take(x.n, x.h, x.w, layer.out.channels);
  const auto pixels = [](const View& map) { return View{map.type, map.data, map.rows(), 1, 1, map.c}; };
  backend_.features_inference(pixels(x), features, scratch, pixels(y));
  observe(layer.name, y);
}

void FoldedNetwork::run(Arena& scratch, const View& images, const View& logits, const Observer& observe) const {
  const ArenaScope scope(scratch);
  PingPong outputs(scratch, images.n * widest_);
  View x = images;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const LayerSpec& layer = layers_[i];
    if (is_branch(layers_, i)) continue;
    const bool last = i + 1 == layers_.size();
    if (joins_next(backend_, layers_, i)) {
      if (observe) observe_joined(scratch, layer, folded_[i], x, observe);
      continue;
    }
    if (averaged_by_next(layers_, i)) {
      const FoldedFeatures& features = folded_[i].features;
      if (observe) observe_averaged(scratch, layer, features, x, observe);
      const View y = outputs.next(x.n, {1, 1, layer.out.channels});
      backend_.features_inference(x, features, scratch, y);
      x = y;
      continue;
    }
    if (layer.kind == LayerKind::head) {
      run_head(scratch, layer, folded_[i], x, logits);
    } else if (layer.kind == LayerKind::flatten) {
      x = flat(x);
    } else {
      const View y = last ? logits : outputs.next(x.n, layer.out);
      if (layer.kind == LayerKind::inverted_bottleneck)
        backend_.bottleneck_inference(x, folded_[i].bottleneck, scratch, y);
      else run_plain(backend_, layer, x, folded_[i].filter, folded_[i].bias, layer.activation, y);
      x = y;
    }
    if (observe && !last) observe(layer.name, x);
  }
}

}  // namespace danas
