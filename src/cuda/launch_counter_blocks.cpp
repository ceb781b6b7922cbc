// The launches of operations that normalize on load: as cuda_bottleneck.cpp and cuda_normalized_convolution.cpp.
#include <algorithm>

#include "cuda/counting.hpp"
#include "cuda/launch_counter.hpp"
#include "tensor/bottleneck_shape.hpp"
#include "tensor/normalized_on_load.hpp"

namespace danas::cuda {

namespace {

// Coefficients of so many channels, [3][padded].
double coefficients(double channels) { return 3 * rounded_up(channels, 8) * number; }

/// As lines_of() in launch_depthwise.hpp.
struct Lines {
  double columns, lines, strips, part;

  Lines(const View& view, double threads, double channels, double strip, double ahead, double sums) {
    constexpr double block_channels = 32, strips_of_thread = 4, wanted_blocks = 1536;
    columns = columns_of_block(divided_up(channels_of(view), channels), block_channels / channels);
    strips = divided_up(static_cast<double>(view.w) + ahead, strip);
    lines = static_cast<double>(view.n * view.h);
    groups = divided_up(channels_of(view), channels * columns);
    const double fitting = std::max(std::floor(workspace_bytes / sum / (sums * channels_of(view))), 1.0);
    const double wanted = std::min(
        {divided_up(lines * strips, strips_of_thread * threads / columns), divided_up(wanted_blocks, groups), fitting});
    part = divided_up(lines, std::max(wanted, 1.0));
    turns = divided_up(part * strips, threads / columns);
  }
  double groups, turns;
  double parts() const { return divided_up(lines, part); }
};

}  // namespace

double LaunchCounter::summed_product(KernelLaunch launch, double height, double width, double depth) {
  constexpr double most_parts = 1024;
  const double all = std::max(divided_up(height, tile_height(width)), 1.0);
  const double fitting = std::max(std::floor(workspace_bytes / sum / (2 * width)), 1.0);
  const double tiles = divided_up(all, std::min(most_parts, fitting)), parts = divided_up(all, tiles);
  launch.sweeps = divided_up(width, tile_width(width));
  launch.written += parts * 2 * width * sum;
  launch.rounds += launch.rounds > 1 ? tiles - 1 : 0;
  run_product(launch, height, width, depth, depth, tiles);
  return parts;
}

void LaunchCounter::finish_moments(const char* operation, double channels, double parts) {
  totals(operation, channels, 2 * sum, parts, 2 * channels * number + coefficients(channels));
}

void LaunchCounter::finish_gradients(const char* operation, double channels, double parts) {
  totals(operation, channels, 2 * sum, parts, 2 * channels * number + coefficients(channels));
}

void LaunchCounter::normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                                    const BatchNormWeights& weights, double epsilon, Activation act,
                                                    Arena& arena, const View& y, ConvolutionSaved& saved) {
  CostBackend::normalized_convolution_training(x, w, geometry, weights, epsilon, act, arena, y, saved);
  constexpr const char* operation = "normalized_convolution_training";
  const double depth = taps(w) * static_cast<double>(w.in), width = static_cast<double>(w.out);
  const double parts = summed_product({.operation = operation,
                                       .kernel = "moments_product",
                                       .read = size(x) + size(w),
                                       .swept = size(x),
                                       .written = size(y)},
                                      rows_of(y), width, depth);
  finish_moments(operation, width, parts);
  spread(operation, "normalize_rows", y, 4, size(y) + coefficients(width) * 2 / 3, size(y));
}

void LaunchCounter::normalized_convolution_backward(const View& x, const View& y, const View& dy, const Filter& w,
                                                    const Geometry& geometry, const BatchNormWeights& weights,
                                                    double epsilon, Activation act, const ConvolutionSaved& saved,
                                                    Arena& arena, const View& dx, const Filter& dw,
                                                    const BatchNormGradients& gradients) {
  CostBackend::normalized_convolution_backward(x, y, dy, w, geometry, weights, epsilon, act, saved, arena, dx, dw,
                                               gradients);
  if (!gradients_on_load(w, geometry, dx)) return;  // counted as the operations that it is made of
  constexpr const char* operation = "normalized_convolution_backward";
  const double width = static_cast<double>(w.out), both = size(dy) + size(saved.convolved);
  finish_gradients(operation, width, channel_parts(operation, dy, 2, 8, both + coefficients(width)));
  if (dw.present()) filter_product(operation, size(x) + both + coefficients(width), rows_of(dy), dw);
  if (!dx.present()) return;
  run_product({.operation = operation,
               .read = both + size(w) + coefficients(width),
               .swept = both,
               .sweeps = divided_up(channels_of(x), tile_width(channels_of(x))),
               .written = size(dx)},
              rows_of(dx), channels_of(x), width, width);
}

void LaunchCounter::bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena,
                                        const View& y, BottleneckSaved& saved) {
  CostBackend::bottleneck_training(x, weights, epsilon, arena, y, saved);
  if (!BottleneckShape::fusible(weights.depthwise, weights.stride)) return;
  constexpr const char* operation = "bottleneck_training";
  const double wide = static_cast<double>(weights.depthwise.out), affine = coefficients(wide) * 2 / 3;
  const auto multiply = [&](const View& in, const Filter& w, double normalization, const View& out) {
    const double parts = summed_product({.operation = operation,
                                         .kernel = "moments_product",
                                         .read = size(in) + size(w) + normalization,
                                         .swept = size(in),
                                         .written = size(out)},
                                        rows_of(out), static_cast<double>(w.out), static_cast<double>(w.in));
    finish_moments(operation, static_cast<double>(w.out), parts);
  };
  const bool expands = weights.expand.present();
  if (expands) multiply(x, weights.expand, 0, saved.expanded);
  const Lines cut(saved.filtered, 256, 4, weights.stride == 1 ? 4 : 2, 0, 2);
  launches_.push_back(
      {.operation = operation,
       .kernel = "depthwise_moments",
       .blocks = cut.parts() * cut.groups,
       .resident = 2,
       .flop = (2 * taps(weights.depthwise) + 4) * elements(saved.filtered),
       .read = expands ? size(saved.expanded) + affine + size(weights.depthwise) : size(x) + size(weights.depthwise),
       .written = size(saved.filtered) + cut.parts() * 2 * wide * sum,
       .rounds = 3 * cut.turns});
  finish_moments(operation, wide, cut.parts());
  multiply(saved.filtered, weights.project, affine, saved.projected);
  spread(operation, "normalize_rows", y, 4,
         size(y) + coefficients(channels_of(y)) * 2 / 3 + (weights.residual ? size(x) : 0), size(y));
}

void LaunchCounter::bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                                        const BottleneckSaved& saved, Arena& arena, const View& dx,
                                        const BottleneckGradients& gradients) {
  CostBackend::bottleneck_backward(x, dy, weights, epsilon, saved, arena, dx, gradients);
  if (!BottleneckShape::fusible(weights.depthwise, weights.stride)) return;
  constexpr const char* operation = "bottleneck_backward";
  const bool expands = weights.expand.present();
  const double out = channels_of(dy), wide = static_cast<double>(weights.depthwise.out);
  const double projected = size(dy) + size(saved.projected) + coefficients(out), filtered = size(saved.filtered);
  finish_gradients(operation, out,
                   channel_parts(operation, dy, 2, 4, size(dy) + size(saved.projected) + coefficients(out) / 3));
  if (gradients.project.present())
    filter_product(operation, filtered + projected + coefficients(wide) * 2 / 3, rows_of(dy), gradients.project);
  const double parts = summed_product({.operation = operation,
                                       .kernel = "masked_input_product",
                                       .read = projected + size(weights.project) + filtered + coefficients(wide),
                                       .swept = size(dy) + size(saved.projected),
                                       .written = filtered,
                                       .rounds = 2},
                                      rows_of(dy), wide, out);
  finish_gradients(operation, wide, parts);

  const View& input = expands ? saved.expanded : x;
  const double kept = expands ? 11 : 9,
               ahead = weights.stride == 2
                           ? static_cast<double>(padding_before(input.w, weights.depthwise.w, {2, Padding::same}))
                           : 0;
  // Of a line of pixels with stride 2 every other sees two rows of taps, the rest one.
  const double rows_of_taps = weights.stride == 1 ? 3 : 1.5;
  const Lines cut(input, 128, 2, 4, ahead, kept);
  launches_.push_back(
      {.operation = operation,
       .kernel = "depthwise_gradients",
       .blocks = cut.parts() * cut.groups,
       .resident = 5,
       .flop = 4 * taps(weights.depthwise) * elements(saved.filtered) + 8 * elements(input),
       .read = 2 * filtered + size(input) + size(weights.depthwise) + coefficients(wide) * (expands ? 2 : 1),
       .written = (expands || dx.present() ? size(input) : 0) + cut.parts() * kept * wide * sum,
       .rounds = (1 + rows_of_taps) * cut.turns});
  totals(operation, wide * (expands ? 10 : 9), sum * kept / (expands ? 10 : 9), cut.parts(),
         9 * wide * number + (expands ? 2 * wide * number + coefficients(wide) : 0));
  if (!expands) {
    if (dx.present() && weights.residual) add(dx, dy, dx);
    return;
  }
  const double both = 2 * size(input) + coefficients(wide), in = channels_of(x);
  if (gradients.expand.present()) filter_product(operation, size(x) + both, rows_of(x), gradients.expand);
  if (!dx.present()) return;
  run_product({.operation = operation,
               .kernel = weights.residual ? "residual_input_product" : "product",
               .read = both + size(weights.expand) + (weights.residual ? size(dy) : 0),
               .swept = 2 * size(input),
               .sweeps = divided_up(in, tile_width(in)),
               .written = size(dx)},
              rows_of(x), in, wide, wide);
}

}  // namespace danas::cuda
