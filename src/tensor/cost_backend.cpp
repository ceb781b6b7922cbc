#include "tensor/cost_backend.hpp"

#include <algorithm>
#include <cstring>

#include "tensor/arena.hpp"
#include "tensor/bottleneck_shape.hpp"
#include "tensor/normalized_convolution.hpp"
#include "tensor/normalized_on_load.hpp"

namespace danas {

namespace {

double size(const View& view) { return view.present() ? static_cast<double>(view.bytes()) : 0.0; }
double size(const Filter& filter) {
  return static_cast<double>(filter.size()) * static_cast<double>(bytes_of(filter.type));
}
double size(const BatchNormWeights& weights) { return size(weights.gamma) + size(weights.beta); }
double size(const BatchNormStatistics& statistics) { return size(statistics.mean) + size(statistics.variance); }

// FLOP of a product: every output pixel meets every weight.
double products(const View& outputs, const Filter& w) {
  return 2 * static_cast<double>(outputs.rows()) * static_cast<double>(w.size());
}

/// What the depthwise convolution of a block sees, without memory.
View expanded_map(const View& x, const FoldedBottleneck& block) {
  const Geometry geometry{block.expand_stride, Padding::same};
  View wide = x;
  wide.h = output_size(x.h, block.expand.present() ? block.expand.h : 1, geometry);
  wide.w = output_size(x.w, block.expand.present() ? block.expand.w : 1, geometry);
  return wide;
}

}  // namespace

Cost& Cost::operator+=(const Cost& other) {
  products += other.products;
  elementwise += other.elementwise;
  read += other.read;
  written += other.written;
  calls += other.calls;
  return *this;
}

void* CostBackend::allocate(std::size_t bytes) {
  constexpr std::size_t alignment = 64;
  blocks_[next_] = bytes;
  held_ += bytes;
  peak_ = std::max(peak_, held_);
  void* const address = reinterpret_cast<void*>(next_);  // NOLINT(performance-no-int-to-ptr): nobody follows it
  next_ += (bytes / alignment + 1) * alignment;
  return address;
}

void CostBackend::release(void* memory) noexcept {
  const auto block = blocks_.find(reinterpret_cast<std::uintptr_t>(memory));
  if (block == blocks_.end()) return;
  held_ -= block->second;
  blocks_.erase(block);
}

void CostBackend::count(double products, double elementwise, double read, double written) {
  cost_ += {products, elementwise, read, written, 1};
}

void CostBackend::pass(double flop, const View& each, std::initializer_list<View> read,
                       std::initializer_list<View> written) {
  double in = 0, out = 0;
  for (const View& view : read) in += size(view);
  for (const View& view : written) out += size(view);
  count(0, flop * static_cast<double>(each.size()), in, out);
}

void CostBackend::upload(const void*, const View& to) { pass(0, to, {}, {to}); }
void CostBackend::download(const View& from, void* host) {
  pass(0, from, {from}, {});
  std::memset(host, 0, from.bytes());
}
void CostBackend::copy(const View& from, const View& to) { pass(0, to, {from}, {to}); }
void CostBackend::copy(const Filter& from, const Filter& to) { count(0, 0, size(from), size(to)); }
void CostBackend::clear(const View& view) { pass(0, view, {}, {view}); }
void CostBackend::clear(const Filter& filter) { count(0, 0, 0, size(filter)); }

void CostBackend::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation,
                              const View& y) {
  shapes::convolution("convolution", activation_type(), x, w, geometry, y);
  count(products(y, w), 0, size(x) + size(w) + size(bias), size(y));
}
void CostBackend::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                             const View& dx) {
  shapes::convolution("convolution_backward_input", activation_type(), dx, w, geometry, dy);
  count(products(dy, w), 0, size(dy) + size(w), size(dx));
}
void CostBackend::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                              const Filter& dw) {
  shapes::convolution("convolution_backward_filter", gradient_types(), x, dw, geometry, dy);
  count(products(dy, dw), 0, size(x) + size(dy), size(dw));
}

void CostBackend::depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation,
                            const View& y) {
  shapes::depthwise("depthwise", activation_type(), x, w, geometry, y);
  count(products(y, w), 0, size(x) + size(w) + size(bias), size(y));
}
void CostBackend::depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) {
  shapes::depthwise("depthwise_backward_input", activation_type(), dx, w, geometry, dy);
  count(products(dy, w), 0, size(dy) + size(w), size(dx));
}
void CostBackend::depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) {
  shapes::depthwise("depthwise_backward_filter", gradient_types(), x, dw, geometry, dy);
  count(products(dy, dw), 0, size(x) + size(dy), size(dw));
}

void CostBackend::matmul(const View& x, const Filter& w, const View& bias, Activation, const View& y) {
  shapes::matmul("matmul", activation_type(), x, w, y);
  count(products(y, w), 0, size(x) + size(w) + size(bias), size(y));
}
void CostBackend::matmul_backward_input(const View& dy, const Filter& w, const View& dx) {
  shapes::matmul("matmul_backward_input", activation_type(), dx, w, dy);
  count(products(dy, w), 0, size(dy) + size(w), size(dx));
}
void CostBackend::matmul_backward_filter(const View& x, const View& dy, const Filter& dw) {
  shapes::matmul("matmul_backward_filter", gradient_types(), x, dw, dy);
  count(products(dy, dw), 0, size(x) + size(dy), size(dw));
}
void CostBackend::bias_backward(const View& dy, const View& dbias) { pass(1, dy, {dy}, {dbias}); }

// Mean, deviations, squares, scale and shift.
void CostBackend::batch_norm_training(const View& x, const BatchNormWeights& weights, double, Activation, const View& y,
                                      const BatchNormStatistics& statistics) {
  shapes::batch_norm("batch_norm_training", activation_type(), x, y);
  count(0, 6 * static_cast<double>(x.size()), 2 * size(x) + size(weights), size(y) + size(statistics));
}
void CostBackend::batch_norm_inference(const View& x, const BatchNormWeights& weights, double, Activation,
                                       const View& y) {
  shapes::batch_norm("batch_norm_inference", activation_type(), x, y);
  count(0, 2 * static_cast<double>(x.size()), size(x) + 2 * size(weights), size(y));
}
// One pass for the two sums, one that applies them.
void CostBackend::batch_norm_backward(const View& x, const View& y, const View& dy, const BatchNormWeights& weights,
                                      const BatchNormStatistics& statistics, double, Activation act, const View& dx,
                                      const BatchNormGradients& gradients) {
  shapes::batch_norm("batch_norm_backward", activation_type(), x, dx);
  const double masks = act == Activation::none ? 0 : size(y);
  count(0, 10 * static_cast<double>(x.size()), 2 * (size(x) + size(dy) + masks) + size(weights) + size(statistics),
        size(dx) + size(gradients.gamma) + size(gradients.beta));
}
void CostBackend::update_running_statistics(const BatchNormStatistics& batch, double, const BatchNormWeights& weights) {
  pass(6, batch.mean, {batch.mean, batch.variance, weights.running_mean, weights.running_variance},
       {weights.running_mean, weights.running_variance});
}
void CostBackend::accumulate_moments(const BatchNormStatistics& batch, std::int64_t, const PooledMoments& pooled) {
  pass(10, pooled.mean, {batch.mean, batch.variance, pooled.mean, pooled.squares, pooled.rows},
       {pooled.mean, pooled.squares, pooled.rows});
}
void CostBackend::store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) {
  pass(1, pooled.mean, {pooled.mean, pooled.squares, pooled.rows}, {weights.running_mean, weights.running_variance});
}
void CostBackend::fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double, const Filter& folded,
                                  const View& bias) {
  shapes::fold("fold_batch_norm", activation_type(), w, folded);
  count(0, static_cast<double>(w.size()), size(w) + 2 * size(weights), size(folded) + size(bias));
}

void CostBackend::activation(const View& x, Activation, const View& y) { pass(1, x, {x}, {y}); }
void CostBackend::activation_backward(const View& y, const View& dy, Activation, const View& dx) {
  pass(1, y, {y, dy}, {dx});
}
void CostBackend::add(const View& a, const View& b, const View& y) { pass(1, y, {a, b}, {y}); }
void CostBackend::accumulate(const View& x, double, const View& sum) { pass(2, x, {x, sum}, {sum}); }
void CostBackend::global_average_pool(const View& x, const View& y) {
  shapes::pool("global_average_pool", activation_type(), x, y);
  pass(1, x, {x}, {y});
}
void CostBackend::global_average_pool_backward(const View& dy, const View& dx) { pass(1, dx, {dy}, {dx}); }

void CostBackend::softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                                        const View& sums) {
  pass(4, logits, {logits, labels, sums}, {probabilities, sums});
}
void CostBackend::softmax_cross_entropy_backward(const View& probabilities, const View& targets, const View& scale,
                                                 const View& dlogits) {
  pass(2, dlogits, {probabilities, targets, scale}, {dlogits});
}
void CostBackend::count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) {
  pass(4, logits, {logits, labels, counts.confusion, counts.loss}, {counts.confusion, counts.loss});
}

void CostBackend::sgd_step(const Filter& w, const Filter& g, const Filter& velocity, const StepRates&, double, double) {
  count(0, 6 * static_cast<double>(w.size()), size(w) + size(g) + size(velocity), size(w) + size(velocity));
}
void CostBackend::adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v, const StepRates&,
                            const AdamSettings&) {
  count(0, 12 * static_cast<double>(w.size()), size(w) + size(g) + size(m) + size(v), size(w) + size(m) + size(v));
}
void CostBackend::next_step(const View& counter) { pass(1, counter, {counter}, {counter}); }
void CostBackend::unscale_gradients(const View& g, const LossScale& scale) {
  pass(2, g, {g, scale.factor}, {g, scale.factor, scale.skip});
}
void CostBackend::cast(const View& from, const View& to) { pass(1, from, {from}, {to}); }
void CostBackend::augment(std::span<const Image> images, std::span<const Crop>, const View& out) {
  double pixels = 0;
  for (const Image& image : images) pixels += static_cast<double>(image.width) * image.height * image.channels;
  count(0, 2 * pixels, pixels, size(out));
}

void CostBackend::normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                                  const BatchNormWeights& weights, double epsilon, Activation act,
                                                  Arena& arena, const View& y, ConvolutionSaved& saved) {
  if (fusion_ == Fusion::on_load) {
    saved = take_convolution_on_load(arena, y);
    return count(products(y, w), 6 * static_cast<double>(y.size()), size(x) + size(w) + size(weights) + size(y),
                 2 * size(y) + size(saved.statistics));
  }
  if (fusion_ == Fusion::none || !keeps_window_covariance(w, y))
    return Backend::normalized_convolution_training(x, w, geometry, weights, epsilon, act, arena, y, saved);
  shapes::convolution("normalized_convolution_training", activation_type(), x, w, geometry, y);
  saved = take_window_covariance(arena, w);
  const ArenaScope scope(arena);
  arena.take_filter(w.h, w.w, w.in, w.out);
  arena.take_vector(w.out);
  const auto windows = static_cast<double>(y.rows()), values = static_cast<double>(w.h * w.w * w.in);
  count(products(y, w), 2 * windows * values * values, 2 * size(x) + 2 * size(w) + size(weights),
        size(y) + size(saved.statistics));
}
void CostBackend::normalized_convolution_backward(const View& x, const View& y, const View& dy, const Filter& w,
                                                  const Geometry& geometry, const BatchNormWeights& weights,
                                                  double epsilon, Activation act, const ConvolutionSaved& saved,
                                                  Arena& arena, const View& dx, const Filter& dw,
                                                  const BatchNormGradients& gradients) {
  if (saved.affine.present() && gradients_on_load(w, geometry, dx)) {
    const ArenaScope scope(arena);
    take_coefficients(arena, w.out);
    wanted_or_scratch(gradients, arena, w.out);
    const double times = (dx.present() ? 1 : 0) + (dw.present() ? 1 : 0);
    return count(times * products(y, w), 10 * static_cast<double>(y.size()),
                 (1 + times) * 2 * size(y) + size(x) + size(w) + size(weights), size(dx) + size(dw));
  }
  if (!saved.window_covariance.present() || dx.present())
    return Backend::normalized_convolution_backward(x, y, dy, w, geometry, weights, epsilon, act, saved, arena, dx, dw,
                                                    gradients);
  count(products(y, w), 2 * static_cast<double>(y.size()), size(x) + size(y) + size(dy) + size(w) + size(weights),
        size(dw) + size(gradients.gamma) + size(gradients.beta));
}

bool CostBackend::fused(const Filter& depthwise, int stride) const {
  return fusion_ != Fusion::none && BottleneckShape::fusible(depthwise, stride);
}

void CostBackend::bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y) {
  if (fusion_ != Fusion::planes || !BottleneckShape::fusible(block.depthwise, block.stride))
    return Backend::bottleneck_inference(x, block, arena, y);
  const View wide = expanded_map(x, block);
  const double expanded = static_cast<double>(wide.rows() * block.depthwise.out);
  const double filters = size(block.expand) + size(block.depthwise) + size(block.project);
  count(products(wide, block.expand) + products(y, block.depthwise) + products(y, block.project),
        2 * expanded + 3 * static_cast<double>(y.size()), size(x) + filters, size(y));
}

void CostBackend::features_inference(const View& x, const FoldedFeatures& features, Arena& arena, const View& y) {
  if (fusion_ != Fusion::planes) return Backend::features_inference(x, features, arena, y);
  const double outputs = static_cast<double>(x.rows() * features.filter.out);
  count(2 * outputs * static_cast<double>(x.c), outputs, size(x) + size(features.filter) + size(features.bias),
        size(y));
}

void CostBackend::bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena,
                                      const View& y, BottleneckSaved& saved) {
  if (!fused(weights.depthwise, weights.stride))
    return Backend::bottleneck_training(x, weights, epsilon, arena, y, saved);
  if (fusion_ == Fusion::on_load) saved = take_bottleneck_on_load(arena, x, weights, y);
  else saved = take_bottleneck_saved(arena, {x, weights.expand, weights.depthwise, weights.project, weights.stride});
  const double wide = size(saved.expanded) + size(saved.filtered), residual = weights.residual ? size(x) : 0;
  const double filters = size(weights.expand) + size(weights.depthwise) + size(weights.project);
  count(products(x, weights.expand) + products(y, weights.depthwise) + products(y, weights.project),
        (6 * wide + 7 * size(y)) / 4, size(x) + filters + wide + size(saved.projected) + residual,
        wide + size(saved.projected) + size(y));
}

void CostBackend::bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                                      const BottleneckSaved& saved, Arena& arena, const View& dx,
                                      const BottleneckGradients& gradients) {
  if (!fused(weights.depthwise, weights.stride))
    return Backend::bottleneck_backward(x, dy, weights, epsilon, saved, arena, dx, gradients);
  const ArenaScope scope(arena);
  if (fusion_ == Fusion::on_load) take_scratch_on_load(arena, weights, saved, gradients);
  else take_bottleneck_scratch(arena, {x, weights.expand, weights.depthwise, weights.project, weights.stride});
  const auto times = [](bool input, bool filter) { return (input ? 1.0 : 0.0) + (filter ? 1.0 : 0.0); };
  const double project = times(true, gradients.project.present()) * products(dy, weights.project);
  const double depthwise =
      times(weights.expand.present() || dx.present(), gradients.depthwise.present()) * products(dy, weights.depthwise);
  const double expand = times(dx.present(), gradients.expand.present()) * products(x, weights.expand);
  const double wide = size(saved.expanded) + size(saved.filtered), narrow = size(dy);
  const double filters = size(weights.expand) + size(weights.depthwise) + size(weights.project);
  count(project + depthwise + expand, (10 * wide + 10 * narrow) / 4, 5 * narrow + 2 * size(x) + 4 * wide + filters,
        wide + size(saved.projected) + size(dx) + filters);
}

}  // namespace danas
