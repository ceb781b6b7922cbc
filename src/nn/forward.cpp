#include "nn/forward.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace danas {

namespace {

constexpr Geometry stem_geometry{2, Padding::same};
constexpr Geometry pointwise{1, Padding::same};

// The value that the head after `stage` pools.
Tape::Value exit_value(const Forward& forward, const NetworkShape& shape, int stage) {
  if (stage == shape.exit_stage() && shape.last > 0) return forward.last;
  std::size_t block = 0;
  for (std::size_t i = 0; i < shape.blocks.size(); ++i) {
    if (shape.blocks[i].stage == stage) block = i;
  }
  return forward.blocks[block];
}

// Two buffers that blocks write in turn.
class PingPong {
 public:
  PingPong(Arena& arena, std::int64_t elements) : buffers_{arena.take_vector(elements), arena.take_vector(elements)} {}
  View next(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
    turn_ = 1 - turn_;
    return {buffers_[turn_].type, buffers_[turn_].data, n, h, w, c};
  }

 private:
  View buffers_[2];
  int turn_ = 0;
};

// Elements of the largest output of stem, block or last convolution.
std::int64_t widest_output(const NetworkShape& shape, const View& images) {
  std::int64_t h = output_size(images.h, 3, stem_geometry), w = output_size(images.w, 3, stem_geometry);
  std::int64_t widest = h * w * shape.stem;
  for (const BlockShape& block : shape.blocks) {
    h = output_size(h, 3, {block.stride, Padding::same});
    w = output_size(w, 3, {block.stride, Padding::same});
    widest = std::max(widest, h * w * block.out);
  }
  return images.n * std::max(widest, h * w * shape.last);
}

}  // namespace

Forward forward_training(Tape& tape, const NetworkShape& shape, const NetworkParameters& parameters,
                         const View& images) {
  Forward forward;
  forward.stem = tape.batch_norm(tape.convolution(tape.input(images), parameters.stem, stem_geometry),
                                 parameters.stem_bn, Activation::relu6);
  Tape::Value value = forward.stem;
  for (const BottleneckParameter& block : parameters.blocks) {
    value = tape.bottleneck(value, block);
    forward.blocks.push_back(value);
  }
  if (shape.last > 0) {
    forward.last = tape.batch_norm(tape.convolution(value, parameters.last, pointwise), parameters.last_bn,
                                   Activation::relu6);
  }
  for (const NetworkParameters::Head& head : parameters.heads) {
    Tape::Value input = exit_value(forward, shape, head.stage);
    if (head.stage != shape.exit_stage()) input = tape.stop_gradient(input);
    const Tape::Value features = tape.global_average_pool(input);
    forward.exits.push_back({head.stage, features, tape.dense(features, head.weight, head.bias)});
  }
  return forward;
}

namespace {

// A convolution, its normalization and ReLU6, as forward_training() has them.
void convolution_statistics(Backend& backend, Arena& arena, const View& x, const Filter& filter,
                            const Geometry& geometry, const BatchNormWeights& weights, const View& y,
                            const StatisticsObserver& observe) {
  const ArenaScope scope(arena);
  const View convolved = arena.take_like(y);
  const View mean = arena.take_vector(y.c);
  const BatchNormStatistics statistics{mean, arena.take_vector(y.c)};
  backend.convolution(x, filter, geometry, {}, Activation::none, convolved);
  backend.batch_norm_training(convolved, weights, batch_norm_epsilon, Activation::relu6, y, statistics);
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

void forward_statistics(Backend& backend, Arena& arena, const NetworkShape& shape, const NetworkParameters& parameters,
                        const View& images, const StatisticsObserver& observe) {
  const ArenaScope scope(arena);
  PingPong outputs(arena, widest_output(shape, images));
  View x = outputs.next(images.n, output_size(images.h, 3, stem_geometry), output_size(images.w, 3, stem_geometry),
                        shape.stem);
  convolution_statistics(backend, arena, images, parameters.stem.value, stem_geometry, parameters.stem_bn.value, x,
                         observe);
  for (std::size_t i = 0; i < shape.blocks.size(); ++i) {
    const Geometry geometry{shape.blocks[i].stride, Padding::same};
    const View y = outputs.next(x.n, output_size(x.h, 3, geometry), output_size(x.w, 3, geometry), shape.blocks[i].out);
    block_statistics(backend, arena, x, parameters.blocks[i].value, y, observe);
    x = y;
  }
  if (shape.last == 0) return;
  const View y = outputs.next(x.n, x.h, x.w, shape.last);
  convolution_statistics(backend, arena, x, parameters.last.value, pointwise, parameters.last_bn.value, y, observe);
}

FoldedNetwork::FoldedNetwork(Backend& backend, Arena& arena, const NetworkShape& shape,
                             const NetworkParameters& parameters)
    : backend_(backend), arena_(arena), shape_(shape) {
  if (parameters.heads.empty() || parameters.heads.back().stage != shape.exit_stage()) {
    throw expected("network", "a head after stage " + std::to_string(shape.exit_stage()), "none");
  }
  head_ = parameters.heads.back().weight.value;
  head_bias_ = parameters.heads.back().bias.value;
  stem_ = fold(parameters.stem.value, parameters.stem_bn.value);
  for (const BottleneckParameter& parameter : parameters.blocks) {
    const BottleneckWeights& weights = parameter.value;
    FoldedBottleneck block;
    if (weights.expand.present()) {
      const Convolution expand = fold(weights.expand, weights.bn1);
      block.expand = expand.filter;
      block.bias1 = expand.bias;
    }
    const Convolution depthwise = fold(weights.depthwise, weights.bn2), project = fold(weights.project, weights.bn3);
    block.depthwise = depthwise.filter;
    block.bias2 = depthwise.bias;
    block.project = project.filter;
    block.bias3 = project.bias;
    block.stride = weights.stride;
    block.residual = weights.residual;
    blocks_.push_back(block);
  }
  if (shape.last > 0) last_ = fold(parameters.last.value, parameters.last_bn.value);
}

FoldedNetwork::Convolution FoldedNetwork::fold(const Filter& filter, const BatchNormWeights& weights) const {
  const Convolution folded{arena_.take_filter(filter.h, filter.w, filter.in, filter.out),
                           arena_.take_vector(filter.out)};
  backend_.fold_batch_norm(filter, weights, batch_norm_epsilon, folded.filter, folded.bias);
  return folded;
}

void FoldedNetwork::run(const View& images, const View& logits, const Observer& observe) const {
  const ArenaScope scope(arena_);
  PingPong outputs(arena_, widest_output(shape_, images));
  View x = outputs.next(images.n, output_size(images.h, 3, stem_geometry), output_size(images.w, 3, stem_geometry),
                        shape_.stem);
  backend_.convolution(images, stem_.filter, stem_geometry, stem_.bias, Activation::relu6, x);
  if (observe) observe("stem", x);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Geometry geometry{blocks_[i].stride, Padding::same};
    const View y = outputs.next(x.n, output_size(x.h, 3, geometry), output_size(x.w, 3, geometry), shape_.blocks[i].out);
    backend_.bottleneck_inference(x, blocks_[i], arena_, y);
    x = y;
    if (observe) observe("blocks." + std::to_string(shape_.blocks[i].index), x);
  }
  if (shape_.last > 0) {
    const View y = outputs.next(x.n, x.h, x.w, shape_.last);
    backend_.convolution(x, last_.filter, pointwise, last_.bias, Activation::relu6, y);
    x = y;
    if (observe) observe("last", x);
  }
  const View features = arena_.take(x.n, 1, 1, x.c);
  backend_.global_average_pool(x, features);
  backend_.matmul(features, head_, head_bias_, Activation::none, logits);
}

}  // namespace danas
