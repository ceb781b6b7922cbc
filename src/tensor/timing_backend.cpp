#include "tensor/timing_backend.hpp"

namespace danas {

TimingBackend::TimingBackend(Backend& inner) : inner_(inner), cost_(inner), counted_(cost_) {
  if (!inner.host_memory()) waited_for_ = Tensor(inner, 1, 1, 1, 1);
}

void TimingBackend::wait() {
  if (inner_.host_memory()) return;
  double number = 0;  // of any type
  inner_.download(waited_for_.view(), &number);
}

void TimingBackend::assign(const void* address, const std::string& layer) {
  if (address) layers_[address] = layer;
}

void TimingBackend::begin() {
  operations_.clear();
  places_.clear();
  steps_ = 0;
}

void TimingBackend::end_step() {
  if (steps_++ > 0) {
    seconds_ = stopwatch_.seconds();
    return;
  }
  for (TimedOperation& operation : operations_) operation.seconds = 0;
  stopwatch_.lap();
}

std::vector<TimedOperation> TimingBackend::operations() const {
  std::vector<TimedOperation> means = operations_;
  for (TimedOperation& operation : means) operation.seconds /= static_cast<double>(steps_ - 1);
  return means;
}

double TimingBackend::step_seconds() const { return seconds_ / static_cast<double>(steps_ - 1); }

const std::string& TimingBackend::layer_of(Addresses addresses) const {
  static const std::string none;
  for (const void* const address : addresses)
    if (const auto found = layers_.find(address); found != layers_.end()) return found->second;
  return none;
}

TimedOperation* TimingBackend::entry(const std::string& layer, const char* operation) {
  const std::string key = layer + ' ' + operation;
  if (const auto found = places_.find(key); found != places_.end()) return &operations_[found->second];
  if (steps_ > 0) return nullptr;
  places_[key] = operations_.size();
  return &operations_.emplace_back(TimedOperation{layer, operation, 0, {}});
}

Arena& TimingBackend::arena_of(const Backend& backend, Arena& own) {
  if (&backend != &cost_) return own;
  counted_.reset();
  return counted_;
}

template <class Call>
void TimingBackend::timed(const char* operation, Addresses from, Addresses to, const Call& call) {
  const std::string layer = layer_of(from);
  TimedOperation* const own = entry(layer, operation);
  if (steps_ == 0) {
    cost_.forget();
    call(static_cast<Backend&>(cost_));
    own->cost += cost_.cost();
  }
  const Stopwatch stopwatch;
  call(inner_);
  wait();
  if (own) own->seconds += stopwatch.seconds();
  for (const void* const address : to) assign(address, layer);
}

void TimingBackend::copy(const View& from, const View& to) {
  timed("copy", {from.data}, {to.data}, [&](Backend& on) { on.copy(from, to); });
}
void TimingBackend::copy(const Filter& from, const Filter& to) {
  timed("copy", {from.data}, {to.data}, [&](Backend& on) { on.copy(from, to); });
}
void TimingBackend::clear(const View& view) {
  timed("clear", {view.data}, {}, [&](Backend& on) { on.clear(view); });
}
void TimingBackend::clear(const Filter& filter) {
  timed("clear", {filter.data}, {}, [&](Backend& on) { on.clear(filter); });
}

void TimingBackend::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                Activation act, const View& y) {
  timed("convolution", {w.data}, {y.data}, [&](Backend& on) { on.convolution(x, w, geometry, bias, act, y); });
}
void TimingBackend::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                               const View& dx) {
  timed("convolution_backward_input", {w.data}, {dx.data},
        [&](Backend& on) { on.convolution_backward_input(dy, w, geometry, dx); });
}
void TimingBackend::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                                const Filter& dw) {
  timed("convolution_backward_filter", {dw.data}, {},
        [&](Backend& on) { on.convolution_backward_filter(x, dy, geometry, dw); });
}

void TimingBackend::depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                              Activation act, const View& y) {
  timed("depthwise", {w.data}, {y.data}, [&](Backend& on) { on.depthwise(x, w, geometry, bias, act, y); });
}
void TimingBackend::depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                             const View& dx) {
  timed("depthwise_backward_input", {w.data}, {dx.data},
        [&](Backend& on) { on.depthwise_backward_input(dy, w, geometry, dx); });
}
void TimingBackend::depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                              const Filter& dw) {
  timed("depthwise_backward_filter", {dw.data}, {},
        [&](Backend& on) { on.depthwise_backward_filter(x, dy, geometry, dw); });
}

void TimingBackend::matmul(const View& x, const Filter& w, const View& bias, Activation act, const View& y) {
  timed("matmul", {w.data}, {y.data}, [&](Backend& on) { on.matmul(x, w, bias, act, y); });
}
void TimingBackend::matmul_backward_input(const View& dy, const Filter& w, const View& dx) {
  timed("matmul_backward_input", {w.data}, {dx.data}, [&](Backend& on) { on.matmul_backward_input(dy, w, dx); });
}
void TimingBackend::matmul_backward_filter(const View& x, const View& dy, const Filter& dw) {
  timed("matmul_backward_filter", {dw.data}, {}, [&](Backend& on) { on.matmul_backward_filter(x, dy, dw); });
}
void TimingBackend::bias_backward(const View& dy, const View& dbias) {
  timed("bias_backward", {dbias.data}, {}, [&](Backend& on) { on.bias_backward(dy, dbias); });
}

void TimingBackend::batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                        const View& y, const BatchNormStatistics& statistics) {
  timed("batch_norm_training", {weights.gamma.data}, {y.data},
        [&](Backend& on) { on.batch_norm_training(x, weights, epsilon, act, y, statistics); });
}
void TimingBackend::batch_norm_inference(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                         const View& y) {
  timed("batch_norm_inference", {weights.gamma.data}, {y.data},
        [&](Backend& on) { on.batch_norm_inference(x, weights, epsilon, act, y); });
}
void TimingBackend::batch_norm_backward(const View& x, const View& y, const View& dy, const BatchNormWeights& weights,
                                        const BatchNormStatistics& statistics, double epsilon, Activation act,
                                        const View& dx, const BatchNormGradients& gradients) {
  timed("batch_norm_backward", {weights.gamma.data}, {dx.data},
        [&](Backend& on) { on.batch_norm_backward(x, y, dy, weights, statistics, epsilon, act, dx, gradients); });
}
void TimingBackend::update_running_statistics(const BatchNormStatistics& batch, double momentum,
                                              const BatchNormWeights& weights) {
  timed("update_running_statistics", {weights.gamma.data}, {},
        [&](Backend& on) { on.update_running_statistics(batch, momentum, weights); });
}
void TimingBackend::accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows,
                                       const PooledMoments& pooled) {
  timed("accumulate_moments", {batch.mean.data}, {}, [&](Backend& on) { on.accumulate_moments(batch, rows, pooled); });
}
void TimingBackend::store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) {
  timed("store_moments", {weights.gamma.data}, {}, [&](Backend& on) { on.store_moments(pooled, weights); });
}
void TimingBackend::fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon,
                                    const Filter& folded, const View& bias) {
  timed("fold_batch_norm", {w.data}, {folded.data, bias.data},
        [&](Backend& on) { on.fold_batch_norm(w, weights, epsilon, folded, bias); });
}

void TimingBackend::activation(const View& x, Activation act, const View& y) {
  timed("activation", {x.data}, {y.data}, [&](Backend& on) { on.activation(x, act, y); });
}
void TimingBackend::activation_backward(const View& y, const View& dy, Activation act, const View& dx) {
  timed("activation_backward", {y.data}, {dx.data}, [&](Backend& on) { on.activation_backward(y, dy, act, dx); });
}
void TimingBackend::add(const View& a, const View& b, const View& y) {
  timed("add", {a.data, b.data}, {y.data}, [&](Backend& on) { on.add(a, b, y); });
}
void TimingBackend::accumulate(const View& x, double share, const View& sum) {
  timed("accumulate", {x.data}, {sum.data}, [&](Backend& on) { on.accumulate(x, share, sum); });
}
void TimingBackend::global_average_pool(const View& x, const View& y) {
  timed("global_average_pool", {x.data}, {y.data}, [&](Backend& on) { on.global_average_pool(x, y); });
}
void TimingBackend::global_average_pool_backward(const View& dy, const View& dx) {
  timed("global_average_pool_backward", {dy.data}, {dx.data},
        [&](Backend& on) { on.global_average_pool_backward(dy, dx); });
}

void TimingBackend::softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                                          const View& sums) {
  timed("softmax_cross_entropy", {logits.data}, {probabilities.data},
        [&](Backend& on) { on.softmax_cross_entropy(logits, labels, probabilities, sums); });
}
void TimingBackend::softmax_cross_entropy_backward(const View& probabilities, const View& targets, const View& scale,
                                                   const View& dlogits) {
  timed("softmax_cross_entropy_backward", {probabilities.data}, {dlogits.data},
        [&](Backend& on) { on.softmax_cross_entropy_backward(probabilities, targets, scale, dlogits); });
}
void TimingBackend::count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) {
  timed("count_predictions", {logits.data}, {}, [&](Backend& on) { on.count_predictions(logits, labels, counts); });
}

// Updates are no layer's: of all weights together, or of each of a slice's.
void TimingBackend::sgd_step(const Filter& w, const Filter& g, const Filter& velocity, const StepRates& rates,
                             double momentum, double weight_decay) {
  timed("sgd_step", {}, {}, [&](Backend& on) { on.sgd_step(w, g, velocity, rates, momentum, weight_decay); });
}
void TimingBackend::adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v,
                              const StepRates& rates, const AdamSettings& adam) {
  timed("adam_step", {}, {}, [&](Backend& on) { on.adam_step(w, g, m, v, rates, adam); });
}
void TimingBackend::next_step(const View& counter) {
  timed("next_step", {}, {}, [&](Backend& on) { on.next_step(counter); });
}
void TimingBackend::unscale_gradients(const View& g, const LossScale& scale) {
  timed("unscale_gradients", {}, {}, [&](Backend& on) { on.unscale_gradients(g, scale); });
}
void TimingBackend::cast(const View& from, const View& to) {
  timed("cast", {}, {}, [&](Backend& on) { on.cast(from, to); });
}
void TimingBackend::augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  timed("augment", {}, {}, [&](Backend& on) { on.augment(images, crops, out); });
}

void TimingBackend::normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                                    const BatchNormWeights& weights, double epsilon, Activation act,
                                                    Arena& arena, const View& y, ConvolutionSaved& saved) {
  timed("normalized_convolution_training", {w.data}, {y.data}, [&](Backend& on) {
    on.normalized_convolution_training(x, w, geometry, weights, epsilon, act, arena_of(on, arena), y, saved);
  });
}
void TimingBackend::normalized_convolution_backward(const View& x, const View& y, const View& dy, const Filter& w,
                                                    const Geometry& geometry, const BatchNormWeights& weights,
                                                    double epsilon, Activation act, const ConvolutionSaved& saved,
                                                    Arena& arena, const View& dx, const Filter& dw,
                                                    const BatchNormGradients& gradients) {
  timed("normalized_convolution_backward", {w.data}, {dx.data}, [&](Backend& on) {
    on.normalized_convolution_backward(x, y, dy, w, geometry, weights, epsilon, act, saved, arena_of(on, arena), dx, dw,
                                       gradients);
  });
}
void TimingBackend::bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena,
                                        const View& y, BottleneckSaved& saved) {
  timed("bottleneck_training", {weights.depthwise.data}, {y.data},
        [&](Backend& on) { on.bottleneck_training(x, weights, epsilon, arena_of(on, arena), y, saved); });
}
void TimingBackend::bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                                        const BottleneckSaved& saved, Arena& arena, const View& dx,
                                        const BottleneckGradients& gradients) {
  timed("bottleneck_backward", {weights.depthwise.data}, {dx.data}, [&](Backend& on) {
    on.bottleneck_backward(x, dy, weights, epsilon, saved, arena_of(on, arena), dx, gradients);
  });
}
FoldedBottleneck TimingBackend::fold_bottleneck(const BottleneckWeights& weights, double epsilon, Arena& arena) {
  FoldedBottleneck folded;
  timed("fold_bottleneck", {weights.depthwise.data}, {},
        [&](Backend& on) { folded = on.fold_bottleneck(weights, epsilon, arena_of(on, arena)); });
  assign(folded.depthwise.data, layer_of({weights.depthwise.data}));
  return folded;
}
void TimingBackend::bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y) {
  timed("bottleneck_inference", {block.depthwise.data}, {y.data},
        [&](Backend& on) { on.bottleneck_inference(x, block, arena_of(on, arena), y); });
}
FoldedFeatures TimingBackend::fold_features(const Filter& w, const BatchNormWeights& weights, double epsilon,
                                            Activation act, Arena& arena) {
  FoldedFeatures folded;
  timed("fold_features", {w.data}, {},
        [&](Backend& on) { folded = on.fold_features(w, weights, epsilon, act, arena_of(on, arena)); });
  assign(folded.filter.data, layer_of({w.data}));
  return folded;
}
void TimingBackend::features_inference(const View& x, const FoldedFeatures& features, Arena& arena, const View& y) {
  timed("features_inference", {features.filter.data}, {y.data},
        [&](Backend& on) { on.features_inference(x, features, arena_of(on, arena), y); });
}

}  // namespace danas
