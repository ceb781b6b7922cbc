#include "tensor/tape.hpp"

#include <algorithm>

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
  ends_.clear();
  normalizations_.clear();
  arena_.reset();
}

Tape::Value Tape::push(const View& view, bool wants_gradient) {
  Node& made = nodes_.emplace_back();
  made.value = view;
  made.wants_gradient = wants_gradient;
  made.records = records_.size() + 1;
  return {static_cast<std::int32_t>(nodes_.size()) - 1};
}

void Tape::note(const BatchNormWeights& weights, const BatchNormStatistics& statistics, std::int64_t rows) {
  normalizations_.push_back({weights, statistics, rows});
}

const View& Tape::view(Value value) const { return node(value).value; }
const View& Tape::gradient(Value value) const { return node(value).gradient; }

Tape::Value Tape::input(const View& x, bool wants_gradient) {
  const Value value = push(x, wants_gradient);
  node(value).records = 0;
  return value;
}

Tape::Value Tape::stop_gradient(Value x) { return push(View(view(x)), false); }

Tape::Value Tape::convolution(Value x, const FilterParameter& w, const Geometry& geometry,
                              const VectorParameter& bias) {
  const View in = view(x);
  const View out =
      arena_.take(in.n, output_size(in.h, w.value.h, geometry), output_size(in.w, w.value.w, geometry), w.value.out);
  backend_.convolution(in, w.value, geometry, bias.value, Activation::none, out);
  const Value y = push(out, wants(x) || w.gradient.present() || bias.gradient.present());
  add_record(ConvolutionRecord{x, y, w, geometry, bias});
  return y;
}

Tape::Value Tape::depthwise(Value x, const FilterParameter& w, const Geometry& geometry, const VectorParameter& bias) {
  const View in = view(x);
  const View out =
      arena_.take(in.n, output_size(in.h, w.value.h, geometry), output_size(in.w, w.value.w, geometry), in.c);
  backend_.depthwise(in, w.value, geometry, bias.value, Activation::none, out);
  const Value y = push(out, wants(x) || w.gradient.present() || bias.gradient.present());
  add_record(DepthwiseRecord{x, y, w, geometry, bias});
  return y;
}

Tape::Value Tape::matmul(Value x, const FilterParameter& w) { return dense(x, w, {}); }

Tape::Value Tape::dense(Value x, const FilterParameter& w, const VectorParameter& bias) {
  const View in = view(x);
  const View out = arena_.take(in.n, in.h, in.w, w.value.out);
  backend_.matmul(in, w.value, bias.value, Activation::none, out);
  const Value y = push(out, wants(x) || w.gradient.present() || bias.gradient.present());
  add_record(MatmulRecord{x, y, w, bias});
  return y;
}

Tape::Value Tape::batch_norm(Value x, const BatchNormParameter& parameter, Activation act) {
  const View in = view(x), out = arena_.take_like(in);
  const View mean = arena_.take_vector(in.c);
  const BatchNormStatistics statistics{mean, arena_.take_vector(in.c)};
  backend_.batch_norm_training(in, parameter.value, epsilon_, act, out, statistics);
  note(parameter.value, statistics, in.rows());
  const Value y = push(out, wants(x) || wanted(parameter.gradient));
  add_record(BatchNormRecord{x, y, parameter, statistics, act});
  return y;
}

Tape::Value Tape::normalized_convolution(Value x, const FilterParameter& w, const Geometry& geometry,
                                         const BatchNormParameter& parameter, Activation act) {
  const View in = view(x);
  const View out =
      arena_.take(in.n, output_size(in.h, w.value.h, geometry), output_size(in.w, w.value.w, geometry), w.value.out);
  ConvolutionSaved saved;
  backend_.normalized_convolution_training(in, w.value, geometry, parameter.value, epsilon_, act, arena_, out, saved);
  note(parameter.value, saved.statistics, out.rows());
  const Value y = push(out, wants(x) || w.gradient.present() || wanted(parameter.gradient));
  add_record(NormalizedConvolutionRecord{x, y, w, geometry, parameter, act, saved});
  return y;
}

Tape::Value Tape::activation(Value x, Activation act) {
  const View out = arena_.take_like(view(x));
  backend_.activation(view(x), act, out);
  const Value y = push(out, wants(x));
  add_record(ActivationRecord{x, y, act});
  return y;
}

Tape::Value Tape::add(Value a, Value b) {
  const View out = arena_.take_like(view(a));
  backend_.add(view(a), view(b), out);
  const Value y = push(out, wants(a) || wants(b));
  add_record(AddRecord{a, b, y});
  return y;
}

Tape::Value Tape::global_average_pool(Value x) {
  const View out = arena_.take(view(x).n, 1, 1, view(x).c);
  backend_.global_average_pool(view(x), out);
  const Value y = push(out, wants(x));
  add_record(PoolRecord{x, y});
  return y;
}

Tape::Value Tape::flatten(Value x) {
  View flat = view(x);
  flat.c *= flat.h * flat.w;
  flat.h = flat.w = 1;
  const Value y = push(flat, wants(x));
  add_record(FlattenRecord{x, y});
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
  add_record(BottleneckRecord{x, y, parameter, saved});
  return y;
}

void Tape::softmax_cross_entropy(Value logits, const CrossEntropy& loss) {
  View probabilities = loss.probabilities;
  if (!probabilities.present()) {
    const View memory = arena_.take_vector(view(logits).size());
    probabilities = view(logits).with_data(memory.data);
    probabilities.type = memory.type;
  }
  backend_.softmax_cross_entropy(view(logits), loss.labels, probabilities, loss.sums);
  add_record(LossRecord{logits, probabilities, loss.targets.present() ? loss.targets : loss.labels, loss.scale});
}

void Tape::backward() {
  for (Node& each : nodes_) each.gradient = {};
  for (std::size_t record = records_.size(); record-- > 0;) {
    std::visit([this](const auto& each) { back(each); }, records_[record]);
    give_back(record);
  }
  normalizations_.clear();
}

// Backward, records are forgotten in the reverse of their order, so that activations are a stack. The gradients that the
// rest of the walk reads lie above it or, every other one in a chain, at the other end: what lies below one of the first
// kind is given back a record later.
void Tape::give_back(std::size_t record) {
  Arena::Mark low = record > 0 ? ends_[record - 1] : Arena::Mark{}, high;
  for (Node& each : nodes_) {
    if (each.records > record) each.gradient = {};
    if (!each.gradient.present()) continue;
    Arena::Mark& needed = each.end == Arena::End::low ? low : high;
    needed = std::max(needed, each.mark);
  }
  arena_.rewind(low, Arena::End::low);
  arena_.rewind(high, Arena::End::high);
}

// A gradient, once set, is never written again, so that several values may share one: a later contribution gets the sum
// in its own memory.
template <class Compute>
void Tape::flow(Arena::End end, Value to, Compute&& compute) {
  Node& target = node(to);
  if (!target.wants_gradient) return;
  const View contribution = arena_.take_like(target.value, end);
  const Arena::Mark mark = arena_.mark(end);
  compute(contribution);
  if (target.gradient.present()) backend_.add(target.gradient, contribution, contribution);
  target.gradient = contribution;
  target.end = end;
  target.mark = mark;
}

void Tape::flow_same(Value from, Value to) {
  const Node& source = node(from);
  Node& target = node(to);
  if (!target.wants_gradient) return;
  const View same = target.value.with_data(source.gradient.data), before = target.gradient;
  target.gradient = same;
  target.end = source.end;
  target.mark = source.mark;
  if (!before.present()) return;
  target.end = end_from(from);
  target.gradient = arena_.take_like(same, target.end);
  target.mark = arena_.mark(target.end);
  backend_.add(before, same, target.gradient);
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
  flow(end_from(record.y), record.x,
       [&](const View& dx) { backend_.convolution_backward_input(dy, record.w.value, record.geometry, dx); });
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
  flow(end_from(record.y), record.x,
       [&](const View& dx) { backend_.depthwise_backward_input(dy, record.w.value, record.geometry, dx); });
}

void Tape::back(const MatmulRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) {
    overwrite(record.w.gradient);
    return overwrite(record.bias.gradient);
  }
  if (record.w.gradient.present()) backend_.matmul_backward_filter(view(record.x), dy, record.w.gradient);
  if (record.bias.gradient.present()) backend_.bias_backward(dy, record.bias.gradient);
  flow(end_from(record.y), record.x, [&](const View& dx) { backend_.matmul_backward_input(dy, record.w.value, dx); });
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
  if (wants(record.x)) return flow(end_from(record.y), record.x, compute);
  const ArenaScope scope(arena_);
  compute(arena_.take_like(x));
}

void Tape::back(const NormalizedConvolutionRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) {
    overwrite(record.w.gradient);
    return overwrite(record.parameter.gradient);
  }
  const auto compute = [&](const View& dx) {
    backend_.normalized_convolution_backward(view(record.x), view(record.y), dy, record.w.value, record.geometry,
                                             record.parameter.value, epsilon_, record.act, record.saved, arena_, dx,
                                             record.w.gradient, record.parameter.gradient);
  };
  if (wants(record.x)) return flow(end_from(record.y), record.x, compute);
  if (record.w.gradient.present() || wanted(record.parameter.gradient)) compute({});
}

void Tape::back(const ActivationRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) return;
  flow(end_from(record.y), record.x,
       [&](const View& dx) { backend_.activation_backward(view(record.y), dy, record.act, dx); });
}

void Tape::back(const AddRecord& record) {
  if (!gradient(record.y).present()) return;
  flow_same(record.y, record.a);
  flow_same(record.y, record.b);
}

void Tape::back(const PoolRecord& record) {
  const View dy = gradient(record.y);
  if (!dy.present()) return;
  flow(end_from(record.y), record.x, [&](const View& dx) { backend_.global_average_pool_backward(dy, dx); });
}

void Tape::back(const FlattenRecord& record) {
  if (gradient(record.y).present()) flow_same(record.y, record.x);
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
  if (wants(record.x)) return flow(end_from(record.y), record.x, compute);
  if (wanted(gradients)) compute({});
}

void Tape::back(const LossRecord& record) {
  flow(Arena::End::high, record.logits, [&](const View& dlogits) {
    backend_.softmax_cross_entropy_backward(record.probabilities, record.targets, record.scale, dlogits);
  });
}

}  // namespace danas
