#include "cuda/launch_counter.hpp"

#include <algorithm>

#include "cuda/counting.hpp"

namespace danas::cuda {

LaunchCounter::LaunchCounter(Precision precision)
    : CostBackend(danas::activation_type(precision)), precision_(precision) {
  allocate(static_cast<std::size_t>(workspace_bytes));
}

void LaunchCounter::forget() {
  CostBackend::forget();
  launches_.clear();
}

double LaunchCounter::vector() const { return 16 / static_cast<double>(bytes_of(activation_type())); }

double LaunchCounter::columns(const View& view) const { return divided_up(channels_of(view), vector()); }

void LaunchCounter::each(const char* operation, const char* body, double threads, double flop, double read,
                         double written, double rounds) {
  constexpr double block = 256, most_blocks = 8192;
  if (threads == 0) return;
  const double blocks = std::min(divided_up(threads, block), most_blocks);
  launches_.push_back({.operation = operation,
                       .kernel = body,
                       .blocks = blocks,
                       .flop = flop * threads,
                       .read = read,
                       .written = written,
                       .rounds = rounds * divided_up(threads, blocks * block)});
}

void LaunchCounter::flat(const char* operation, const char* body, double numbers, double flop, double read,
                         double written) {
  each(operation, body, divided_up(numbers, vector()), flop * vector(), read, written);
}

// As spread_of() in operands.hpp.
void LaunchCounter::spread(const char* operation, const char* body, const View& rows, double flop, double read,
                           double written) {
  constexpr double few = 1 << 16, rows_of_thread = 8;
  const double wide = columns(rows), all = rows_of(rows);
  const double groups = all * wide <= few ? all : divided_up(all, rows_of_thread);
  each(operation, body, groups * wide, flop * elements(rows) / (groups * wide), read, written, divided_up(all, groups));
}

// As launch_totals() in launch_parts.hpp.
void LaunchCounter::totals(const char* operation, double size, double bytes, double count, double written) {
  constexpr double threads = 256, most_lanes = 64, parts_of_thread = 4;
  double lanes = 1;
  while (lanes < most_lanes && lanes * parts_of_thread < count) lanes *= 2;
  launches_.push_back({.operation = operation,
                       .kernel = "totals_of_parts",
                       .blocks = divided_up(size * lanes, threads),
                       .flop = size * count,
                       .read = size * bytes * count,
                       .written = written,
                       .rounds = divided_up(divided_up(count, lanes) * bytes / sum, 4)});
}

// Of one tile after another in depth, a slab of numbers at a time, a block waits for each.
// As tile_width() in launch_product.hpp.
double LaunchCounter::tile_width(double width) const {
  if (width <= 16) return 16;
  if (activation_type() != Type::f32) return width <= 32 ? 32 : 64;
  return rounded_up(width, 64) <= rounded_up(width, 32) ? 64 : 32;
}

double LaunchCounter::tile_height(double width) const {
  return activation_type() == Type::f32 ? 4096 / tile_width(width) : 64;
}

void LaunchCounter::run_product(KernelLaunch launch, double height, double width, double depth, double part,
                                double tiles) {
  const double slab = activation_type() == Type::f32 ? 16 : 32, columns = tile_width(width), rows = tile_height(width);
  const double parts = divided_up(depth, part);
  if (height == 0) return;
  launch.product = true;
  launch.resident = 4;
  launch.blocks = divided_up(height, rows * tiles) * divided_up(width, columns) * parts;
  launch.flop = 2 * rounded_up(height, rows) * rounded_up(width, columns) * rounded_up(depth, slab);
  launch.rounds += tiles * divided_up(part, slab) - 1;
  launches_.push_back(launch);
}

void LaunchCounter::filter_product(const char* operation, double read, double depth, const Filter& dw) {
  constexpr double least_rows = 1024, wanted_blocks = 512, slab = 32;
  const double height = taps(dw) * static_cast<double>(dw.in), width = static_cast<double>(dw.out);
  const double tiles = divided_up(height, 64) * divided_up(width, 64);
  const double wanted = std::min(divided_up(depth, least_rows), divided_up(wanted_blocks, tiles));
  const double fitting = std::floor(workspace_bytes / number / elements(dw));
  const double part = rounded_up(divided_up(depth, std::max(std::min(wanted, fitting), 1.0)), slab);
  const double parts = divided_up(depth, part);
  // Blocks of one part of the rows follow each other and find it in a cache.
  run_product({.operation = operation, .read = read, .written = parts * size(dw)}, height, width, depth, part);
  if (parts > 1) totals(operation, elements(dw), number, parts, size(dw));
}

double LaunchCounter::channel_parts(const char* operation, const View& of, double count, double flop, double read) {
  constexpr double least_rows = 256, most_parts = 512, threads = 256;
  const double rows = std::max(rows_of(of), 1.0), channels = channels_of(of);
  const double fitting = std::floor(workspace_bytes / sum / (count * channels));
  const double wanted = std::max(std::min({divided_up(rows, least_rows), most_parts, fitting}), 1.0);
  const double part = divided_up(rows, wanted), parts = divided_up(rows, part);
  const double block = columns_of_block(columns(of), 32);
  launches_.push_back({.operation = operation,
                       .kernel = "channel_parts",
                       .blocks = parts * divided_up(columns(of), block),
                       .flop = flop * elements(of),
                       .read = read,
                       .written = parts * count * channels * sum,
                       .rounds = divided_up(part * block / threads, 4)});
  return parts;
}

void LaunchCounter::sum_channels(const char* operation, const View& of, double count, double flop, double read,
                                 double written) {
  const double parts = channel_parts(operation, of, count, flop, read);
  totals(operation, channels_of(of), count * sum, parts, written);
}

void LaunchCounter::copy(const View& from, const View& to) {
  CostBackend::copy(from, to);
  each("copy", "memcpy", elements(to), 0, size(from), size(to));
}
void LaunchCounter::copy(const Filter& from, const Filter& to) {
  CostBackend::copy(from, to);
  each("copy", "copy_filter", elements(to), 0, size(from), size(to));
}
void LaunchCounter::clear(const View& view) {
  CostBackend::clear(view);
  each("clear", "memset", elements(view), 0, 0, size(view));
}
void LaunchCounter::clear(const Filter& filter) {
  CostBackend::clear(filter);
  each("clear", "clear_filter", elements(filter), 0, 0, size(filter));
}

void LaunchCounter::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                Activation act, const View& y) {
  CostBackend::convolution(x, w, geometry, bias, act, y);
  const double depth = taps(w) * static_cast<double>(w.in), width = static_cast<double>(w.out);
  run_product({.operation = "convolution",
               .read = size(x) + size(w) + size(bias),
               .swept = size(x),
               .sweeps = divided_up(width, tile_width(width)),
               .written = size(y)},
              rows_of(y), width, depth, depth);
}
void LaunchCounter::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                               const View& dx) {
  CostBackend::convolution_backward_input(dy, w, geometry, dx);
  const double depth = taps(w) * static_cast<double>(w.out), width = static_cast<double>(w.in);
  run_product({.operation = "convolution_backward_input",
               .read = size(dy) + size(w),
               .swept = size(dy),
               .sweeps = divided_up(width, tile_width(width)),
               .written = size(dx)},
              rows_of(dx), width, depth, depth);
}
void LaunchCounter::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                                const Filter& dw) {
  CostBackend::convolution_backward_filter(x, dy, geometry, dw);
  filter_product("convolution_backward_filter", size(x) + size(dy), rows_of(dy), dw);
}

// A thread has four pixels of a row, of a vector of channels.
void LaunchCounter::depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                              Activation act, const View& y) {
  CostBackend::depthwise(x, w, geometry, bias, act, y);
  const double threads = static_cast<double>(y.n * y.h) * divided_up(static_cast<double>(y.w), 4) * columns(y);
  each("depthwise", "depthwise_forward", threads, 8 * taps(w) * vector(), size(x) + size(w) + size(bias), size(y),
       static_cast<double>(w.h));
}
void LaunchCounter::depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                             const View& dx) {
  CostBackend::depthwise_backward_input(dy, w, geometry, dx);
  const double threads = static_cast<double>(dx.n * dx.h) * divided_up(static_cast<double>(dx.w), 4) * columns(dx);
  each("depthwise_backward_input", "depthwise_input", threads, 8 * taps(w) * vector(), size(dy) + size(w), size(dx),
       static_cast<double>(w.h));
}
// The rows of taps have blocks of their own, which follow each other: x and dy are still in a cache.
void LaunchCounter::depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                              const Filter& dw) {
  CostBackend::depthwise_backward_filter(x, dy, geometry, dw);
  constexpr const char* operation = "depthwise_backward_filter";
  constexpr double least_rows = 1024, most_parts = 512, threads = 256, together = 3;
  const double rows = std::max(rows_of(dy), 1.0);
  const double fitting = std::floor(workspace_bytes / number / elements(dw));
  const double wanted = std::min({divided_up(rows, least_rows), most_parts, fitting});
  const double part = divided_up(rows, std::max(wanted, 1.0)), parts = divided_up(rows, part);
  const double block = columns_of_block(columns(dy), 32);
  const double groups = static_cast<double>(dw.h) * divided_up(static_cast<double>(dw.w), together);
  launches_.push_back({.operation = operation,
                       .kernel = "depthwise_filter_parts",
                       .blocks = divided_up(columns(dy), block) * groups * parts,
                       .flop = 2 * elements(dy) * taps(dw),
                       .read = size(x) + size(dy),
                       .written = parts * size(dw),
                       .rounds = divided_up(part * block, threads)});
  totals(operation, elements(dw), number, parts, size(dw));
}

void LaunchCounter::matmul(const View& x, const Filter& w, const View& bias, Activation act, const View& y) {
  convolution(as_rows(x), w, {}, bias, act, as_rows(y));
}
void LaunchCounter::matmul_backward_input(const View& dy, const Filter& w, const View& dx) {
  convolution_backward_input(as_rows(dy), w, {}, as_rows(dx));
}
void LaunchCounter::matmul_backward_filter(const View& x, const View& dy, const Filter& dw) {
  convolution_backward_filter(as_rows(x), as_rows(dy), {}, dw);
}
void LaunchCounter::bias_backward(const View& dy, const View& dbias) {
  CostBackend::bias_backward(dy, dbias);
  sum_channels("bias_backward", dy, 1, 1, size(dy), size(dbias));
}

void LaunchCounter::batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                        const View& y, const BatchNormStatistics& statistics) {
  CostBackend::batch_norm_training(x, weights, epsilon, act, y, statistics);
  constexpr const char* operation = "batch_norm_training";
  const double vectors = size(statistics.mean) + size(statistics.variance);
  sum_channels(operation, x, 2, 4, size(x), vectors);
  spread(operation, "normalize", x, 6, size(x) + size(weights.gamma) + size(weights.beta) + vectors, size(y));
}
void LaunchCounter::batch_norm_inference(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                         const View& y) {
  CostBackend::batch_norm_inference(x, weights, epsilon, act, y);
  spread("batch_norm_inference", "normalize", x, 6, size(x) + 4 * size(weights.gamma), size(y));
}
void LaunchCounter::batch_norm_backward(const View& x, const View& y, const View& dy, const BatchNormWeights& weights,
                                        const BatchNormStatistics& statistics, double epsilon, Activation act,
                                        const View& dx, const BatchNormGradients& gradients) {
  CostBackend::batch_norm_backward(x, y, dy, weights, statistics, epsilon, act, dx, gradients);
  constexpr const char* operation = "batch_norm_backward";
  const double read = size(x) + size(dy) + masks(act, size(y)), vector = size(weights.gamma);
  sum_channels(operation, x, 2, 5, read + vector, 2 * vector);
  spread(operation, "normalize_backward", x, 9, read + 5 * vector, size(dx));
}
void LaunchCounter::update_running_statistics(const BatchNormStatistics& batch, double momentum,
                                              const BatchNormWeights& weights) {
  CostBackend::update_running_statistics(batch, momentum, weights);
  each("update_running_statistics", "update_running", elements(batch.mean), 6, 4 * size(batch.mean),
       2 * size(batch.mean));
}
void LaunchCounter::accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows,
                                       const PooledMoments& pooled) {
  CostBackend::accumulate_moments(batch, rows, pooled);
  constexpr const char* operation = "accumulate_moments";
  const double pools = size(pooled.mean) + size(pooled.squares);
  each(operation, "accumulate_moments", elements(batch.mean), 10, 2 * size(batch.mean) + pools + sum, pools);
  each(operation, "add_rows", 1, 1, sum, sum);
}
void LaunchCounter::store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) {
  CostBackend::store_moments(pooled, weights);
  each("store_moments", "store_moments", elements(pooled.mean), 1, size(pooled.mean) + size(pooled.squares) + sum,
       size(weights.running_mean) + size(weights.running_variance));
}
void LaunchCounter::fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon,
                                    const Filter& folded, const View& bias) {
  CostBackend::fold_batch_norm(w, weights, epsilon, folded, bias);
  constexpr const char* operation = "fold_batch_norm";
  each(operation, "fold_filter", elements(w), 4, size(w) + 2 * size(weights.gamma), size(folded));
  each(operation, "fold_bias", elements(bias), 5, 4 * size(weights.gamma), size(bias));
}

void LaunchCounter::activation(const View& x, Activation act, const View& y) {
  CostBackend::activation(x, act, y);
  flat("activation", "activate", elements(x), 1, size(x), size(y));
}
void LaunchCounter::activation_backward(const View& y, const View& dy, Activation act, const View& dx) {
  CostBackend::activation_backward(y, dy, act, dx);
  flat("activation_backward", "activate_backward", elements(y), 1, size(y) + size(dy), size(dx));
}
void LaunchCounter::add(const View& a, const View& b, const View& y) {
  CostBackend::add(a, b, y);
  flat("add", "add", elements(y), 1, size(a) + size(b), size(y));
}
void LaunchCounter::accumulate(const View& x, double share, const View& sum) {
  CostBackend::accumulate(x, share, sum);
  each("accumulate", "accumulate", divided_up(elements(x), 4), 8, size(x) + size(sum), size(sum));
}
void LaunchCounter::global_average_pool(const View& x, const View& y) {
  CostBackend::global_average_pool(x, y);
  const double pixels = static_cast<double>(x.h * x.w);
  const double block = columns_of_block(columns(x), 32);
  if (y.n == 0) return;
  launches_.push_back({.operation = "global_average_pool",
                       .kernel = "pool_pixels",
                       .blocks = rows_of(y) * divided_up(columns(x), block),
                       .flop = elements(x),
                       .read = size(x),
                       .written = size(y),
                       .rounds = divided_up(pixels * block / 256, 4)});
}
void LaunchCounter::global_average_pool_backward(const View& dy, const View& dx) {
  CostBackend::global_average_pool_backward(dy, dx);
  each("global_average_pool_backward", "pool_backward", rows_of(dx) * columns(dx), vector(), size(dy), size(dx));
}

void LaunchCounter::row_losses(const char* operation, const View& logits, const View& labels,
                               const View& probabilities) {
  const double rows = rows_of(logits);
  launches_.push_back({.operation = operation,
                       .kernel = "row_losses",
                       .blocks = divided_up(rows, 8),
                       .flop = 4 * elements(logits),
                       .read = size(logits) + size(labels),
                       .written = size(probabilities) + rows * row_loss,
                       .rounds = 3});
}
// Its one block adds row by row.
void LaunchCounter::count_rows(const char* operation, const View& logits, double written) {
  const double rows = rows_of(logits);
  launches_.push_back({.operation = operation,
                       .kernel = "count_rows",
                       .flop = 2 * rows,
                       .read = rows * row_loss,
                       .written = written,
                       .rounds = divided_up(rows, 16)});
}
void LaunchCounter::softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                                          const View& sums) {
  CostBackend::softmax_cross_entropy(logits, labels, probabilities, sums);
  row_losses("softmax_cross_entropy", logits, labels, probabilities);
  count_rows("softmax_cross_entropy", logits, size(sums));
}
void LaunchCounter::softmax_cross_entropy_backward(const View& probabilities, const View& targets, const View& scale,
                                                   const View& dlogits) {
  CostBackend::softmax_cross_entropy_backward(probabilities, targets, scale, dlogits);
  each("softmax_cross_entropy_backward", "softmax_backward", elements(dlogits), 3, size(probabilities) + size(targets),
       size(dlogits));
}
void LaunchCounter::count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) {
  CostBackend::count_predictions(logits, labels, counts);
  row_losses("count_predictions", logits, labels, {});
  count_rows("count_predictions", logits,
             size(counts.loss) + sum * std::min(rows_of(logits), elements(counts.confusion)));
}

void LaunchCounter::sgd_step(const Filter& w, const Filter& g, const Filter& velocity, const StepRates& rates,
                             double momentum, double weight_decay) {
  CostBackend::sgd_step(w, g, velocity, rates, momentum, weight_decay);
  each("sgd_step", "sgd_step", rows_of(w) * divided_up(static_cast<double>(w.out), 4), 24,
       size(w) + size(g) + size(velocity), size(w) + size(velocity));
}
void LaunchCounter::adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v,
                              const StepRates& rates, const AdamSettings& adam) {
  CostBackend::adam_step(w, g, m, v, rates, adam);
  each("adam_step", "adam_step", rows_of(w) * divided_up(static_cast<double>(w.out), 4), 48,
       size(w) + size(g) + size(m) + size(v), size(w) + size(m) + size(v));
}
void LaunchCounter::next_step(const View& counter) {
  CostBackend::next_step(counter);
  each("next_step", "next_step", 1, 1, size(counter), size(counter));
}
void LaunchCounter::unscale_gradients(const View& g, const LossScale& scale) {
  CostBackend::unscale_gradients(g, scale);
  constexpr const char* operation = "unscale_gradients";
  each(operation, "clear_flag", 1, 0, 0, size(scale.skip));
  each(operation, "unscale_gradients", divided_up(elements(g), 4), 8, size(g) + number, size(g));
  each(operation, "next_scale", 1, 4, size(scale.factor) + size(scale.skip), size(scale.factor));
}
void LaunchCounter::cast(const View& from, const View& to) {
  CostBackend::cast(from, to);
  flat("cast", "cast", elements(to), 1, size(from), size(to));
}
void LaunchCounter::augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  CostBackend::augment(images, crops, out);
  double pixels = 0;
  for (std::size_t i = 0; i < crops.size(); ++i)
    pixels += static_cast<double>(crops[i].width) * crops[i].height * images[i].channels;
  each("augment", "augment", elements(out), 2 * std::max(pixels / elements(out), 1.0), pixels, size(out));
}

}  // namespace danas::cuda
