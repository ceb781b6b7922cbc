#include "tensor/tape.hpp"

namespace danas {

namespace {

bool wanted(const BatchNormGradients& gradient) { return gradient.gamma.present() || gradient.beta.present(); }

bool wanted(const BottleneckGradients& gradient) {
  return gradient.expand.present() || gradient.depthwise.present() || gradient.project.present() ||
         wanted(gradient.bn1) || wanted(gradient.bn2) || wanted(gradient.bn3);
}

}  // namespace

Tape::Tape(Backend& backend, Arena& arena, double batch_norm_epsilon)
    : backend_(backend), arena_(arena), epsilon_(batch_norm_epsilon) {}

void Tape::begin() {
  nodes_.clear();
  records_.clear();
  normalizations_.clear();
  arena_.reset();
}

Tape::Value Tape::push(const View& view, bool wants_gradient) {
  nodes_.push_back({view, {}, wants_gradient});
  return {static_cast<std::int32_t>(nodes_.size()) - 1};
}

void Tape::note(const BatchNormWeights& weights, const BatchNormStatistics& statistics, std::int64_t rows) {
  normalizations_.push_back({weights, statistics, rows});
}

const View& Tape::view(Value value) const { return node(value).value; }
const View& Tape::gradient(Value value) const { return node(value).gradient; }

Tape::Value Tape::input(const View& x, bool wants_gradient) { return push(x, wants_gradient); }
Tape::Value Tape::stop_gradient(Value x) { return push(View(view(x)), false); }

Tape::Value Tape::convolution(Value x, const FilterParameter& w, const Geometry& geometry,
                              const VectorParameter& bias) {
  const View in = view(x);
  const View out =
      arena_.take(in.n, output_size(in.h, w.value.h, geometry), output_size(in.w, w.value.w, geometry), w.value.out);
  backend_.convolution(in, w.value, geometry, bias.value, Activation::none, out);
  const Value y = push(out, wants(x) || w.gradient.present() || bias.gradient.present());
  records_.push_back(ConvolutionRecord{x, y, w, geometry, bias});
  return y;
}

Tape::Value Tape::depthwise(Value x, const FilterParameter& w, const Geometry& geometry, const VectorParameter& bias) {
  const View in = view(x);
  const View out =
      arena_.take(in.n, output_size(in.h, w.value.h, geometry), output_size(in.w, w.value.w, geometry), in.c);
  backend_.depthwise(in, w.value, geometry, bias.value, Activation::none, out);
  const Value y = push(out, wants(x) || w.gradient.present() || bias.gradient.present());
  records_.push_back(DepthwiseRecord{x, y, w, geometry, bias});
  return y;
}

Tape::Value Tape::matmul(Value x, const FilterParameter& w) { return dense(x, w, {}); }

Tape::Value Tape::dense(Value x, const FilterParameter& w, const VectorParameter& bias) {
  const View in = view(x);
  const View out = arena_.take(in.n, in.h, in.w, w.value.out);
  backend_.matmul(in, w.value, bias.value, Activation::none, out);
  const Value y = push(out, wants(x) || w.gradient.present() || bias.gradient.present());
  records_.push_back(MatmulRecord{x, y, w, bias});
  return y;
}

Tape::Value Tape::batch_norm(Value x, const BatchNormParameter& parameter, Activation act) {
  const View in = view(x), out = arena_.take_like(in);
  const View mean = arena_.take_vector(in.c);
  const BatchNormStatistics statistics{mean, arena_.take_vector(in.c)};
  backend_.batch_norm_training(in, parameter.value, epsilon_, act, out, statistics);
  note(parameter.value, statistics, in.rows());
  const Value y = push(out, wants(x) || wanted(parameter.gradient));
  records_.push_back(BatchNormRecord{x, y, parameter, statistics, act});
  return y;
}

Tape::Value Tape::activation(Value x, Activation act) {
  const View out = arena_.take_like(view(x));
  backend_.activation(view(x), act, out);
  const Value y = push(out, wants(x));
  records_.push_back(ActivationRecord{x, y, act});
  return y;
}

Tape::Value Tape::add(Value a, Value b) {
  const View out = arena_.take_like(view(a));
  backend_.add(view(a), view(b), out);
  const Value y = push(out, wants(a) || wants(b));
  records_.push_back(AddRecord{a, b, y});
  return y;
}

Tape::Value Tape::global_average_pool(Value x) {
  const View out = arena_.take(view(x).n, 1, 1, view(x).c);
  backend_.global_average_pool(view(x), out);
  const Value y = push(out, wants(x));
  records_.push_back(PoolRecord{x, y});
  return y;
}

Tape::Value Tape::flatten(Value x) {
  View flat = view(x);
  flat.c *= flat.h * flat.w;
  flat.h = flat.w = 1;
  const Value y = push(flat, wants(x));
  records_.push_back(FlattenRecord{x, y});
  return y;
}

Tape::Value Tape::bottleneck(Value x, const BottleneckParameter& parameter) {
  const View in = view(x);
  const BottleneckWeights& weights = parameter.value;
  const Geometry geometry{weights.stride, Padding::same};
  const View out = arena_.take(in.n, output_size(in.h, weights.depthwise.h, geometry),
                               output_size(in.w, weights.depthwise.w, geometry), weights.project.out);
  BottleneckSaved saved;
  backend_.bottleneck_training(in, weights, epsilon_, arena_, out, saved);
  if (weights.expand.present()) note(weights.bn1, saved.bn1, in.rows());
  note(weights.bn2, saved.bn2, out.rows());
  note(weights.bn3, saved.bn3, out.rows());
  const Value y = push(out, wants(x) || wanted(parameter.gradient));
  records_.push_back(BottleneckRecord{x, y, parameter, saved});
  return y;
}

void Tape::softmax_cross_entropy(Value logits, const View& labels, const View& sums) {
  const View probabilities = arena_.take_like(view(logits));
  backend_.softmax_cross_entropy(view(logits), labels, probabilities, sums);
  records_.push_back(LossRecord{logits, probabilities, labels});
}

void Tape::backward() {
  for (Node& each : nodes_) each.gradient = {};
  for (auto record = records_.rbegin(); record != records_.rend(); ++record)
    std::visit([this](const auto& each) { back(each); }, *record);
}

// A gradient, once set, is never written again, so that several values may share one: a later contribution gets the sum
// in its own memory.
template <class Compute>
void Tape::flow(Value to, Compute&& compute) {
  Node& target = node(to);
  if (!target.wants_gradient) return;
  const View contribution = arena_.take_like(target.value);
  compute(contribution);
  if (target.gradient.present()) backend_.add(target.gradient, contribution, contribution);
  target.gradient = contribution;
}

void Tape::flow_same(Value to, const View& gradient) {
  Node& target = node(to);
  if (!target.wants_gradient) return;
  if (!target.gradient.present()) {
    target.gradient = target.value.with_data(gradient.data);
    return;
  }
  const View sum = arena_.take_like(target.value);
  backend_.add(target.gradient, target.value.with_data(gradient.data), sum);
  target.gradient = sum;
}

void Tape::overwrite(const View& gradient) const {
  if (gradient.present()) backend_.clear(gradient);
}

void Tape::overwrite(const Filter& gradient) const {
  if (gradient.present()) backend_.clear(gradient);
}

void Tape::overwrite(const BatchNormGradients& gradient) const {
  overwrite(gradient.gamma);
  overwrite(gradient.beta);
}

void Tape::back(const ConvolutionRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) {
    overwrite(record.w.gradient);
    return overwrite(record.bias.gradient);
  }
  if (record.w.gradient.present())
    backend_.convolution_backward_filter(view(record.x), dy, record.geometry, record.w.gradient);
  if (record.bias.gradient.present()) backend_.bias_backward(dy, record.bias.gradient);
  flow(record.x, [&](const View& dx) { backend_.convolution_backward_input(dy, record.w.value, record.geometry, dx); });
}

void Tape::back(const DepthwiseRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) {
    overwrite(record.w.gradient);
    return overwrite(record.bias.gradient);
  }
  if (record.w.gradient.present())
    backend_.depthwise_backward_filter(view(record.x), dy, record.geometry, record.w.gradient);
  if (record.bias.gradient.present()) backend_.bias_backward(dy, record.bias.gradient);
  flow(record.x, [&](const View& dx) { backend_.depthwise_backward_input(dy, record.w.value, record.geometry, dx); });
}

void Tape::back(const MatmulRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) {
    overwrite(record.w.gradient);
    return overwrite(record.bias.gradient);
  }
  if (record.w.gradient.present()) backend_.matmul_backward_filter(view(record.x), dy, record.w.gradient);
  if (record.bias.gradient.present()) backend_.bias_backward(dy, record.bias.gradient);
  flow(record.x, [&](const View& dx) { backend_.matmul_backward_input(dy, record.w.value, dx); });
}

void Tape::back(const BatchNormRecord& record) {
  const View dy = gradient(record.y);
  const BatchNormParameter& parameter = record.parameter;
  if (!dy.present()) return overwrite(parameter.gradient);
  const View x = view(record.x), y = view(record.y);
  // The kernel writes all three gradients; those that nobody wants go to scratch memory.
  const BatchNormGradients gradients{
      parameter.gradient.gamma.present() ? parameter.gradient.gamma : arena_.take_vector(x.c),
      parameter.gradient.beta.present() ? parameter.gradient.beta : arena_.take_vector(x.c)};
  const auto compute = [&](const View& dx) {
    backend_.batch_norm_backward(x, y, dy, parameter.value, record.statistics, epsilon_, record.act, dx, gradients);
  };
  if (wants(record.x)) return flow(record.x, compute);
  const ArenaScope scope(arena_);
  compute(arena_.take_like(x));
}

void Tape::back(const ActivationRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) return;
  flow(record.x, [&](const View& dx) { backend_.activation_backward(view(record.y), dy, record.act, dx); });
}

void Tape::back(const AddRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) return;
  flow_same(record.a, dy);
  flow_same(record.b, dy);
}

void Tape::back(const PoolRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) return;
  flow(record.x, [&](const View& dx) { backend_.global_average_pool_backward(dy, dx); });
}

void Tape::back(const FlattenRecord& record) {
  const View dy = gradient(record.y);
  if (dy.present()) flow_same(record.x, dy);
}

void Tape::back(const BottleneckRecord& record) {
  const View dy = gradient(record.y);
  const BottleneckGradients& gradients = record.parameter.gradient;
  if (!dy.present()) {
    overwrite(gradients.expand);
    overwrite(gradients.depthwise);
    overwrite(gradients.project);
    overwrite(gradients.bn1);
    overwrite(gradients.bn2);
    return overwrite(gradients.bn3);
  }
  const auto compute = [&](const View& dx) {
    backend_.bottleneck_backward(view(record.x), dy, record.parameter.value, epsilon_, record.saved, arena_, dx,
                                 gradients);
  };
  if (wants(record.x)) return flow(record.x, compute);
  if (wanted(gradients)) compute({});
}

void Tape::back(const LossRecord& record) {
  flow(record.logits, [&](const View& dlogits) {
    backend_.softmax_cross_entropy_backward(record.probabilities, record.labels, dlogits);
  });
}

}  // namespace danas
