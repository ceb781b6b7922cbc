// Cases of normalizations, elementwise operations, images and the inverted bottleneck.
#include <array>

#include "tensor/selftest_side.hpp"

namespace danas {

namespace {

using Side = SelftestSide;

constexpr std::array<std::int64_t, 9> widths{1, 7, 8, 9, 15, 16, 17, 33, 96};
constexpr std::array<Activation, 4> activations{Activation::none, Activation::relu, Activation::relu6,
                                                Activation::sigmoid};
constexpr std::array<const char*, 4> activation_names{"", ", relu", ", relu6", ", sigmoid"};
constexpr double epsilon = 1e-3;
constexpr double elementwise = 1e-6, reduction = 1e-5, normalization = 1e-4;

BatchNormStatistics statistics_results(Side& side, std::int64_t channels) {
  const View mean = side.vector_result(channels);
  return {mean, side.vector_result(channels)};
}

BatchNormGradients gradient_results(Side& side, std::int64_t channels) {
  const View gamma = side.vector_result(channels);
  return {gamma, side.vector_result(channels)};
}

void batch_norm_training_case(Side& side, std::int64_t rows, std::int64_t c, Activation act, double center) {
  const View x = side.input(rows, 1, 1, c, center - 3, center + 3);
  const BatchNormWeights weights = side.batch_norm_weights(c);
  const View y = side.result(rows, 1, 1, c);
  side.backend().batch_norm_training(x, weights, epsilon, act, y, statistics_results(side, c));
}

void batch_norm_inference_case(Side& side, std::int64_t rows, std::int64_t c, Activation act) {
  const View x = side.input(rows, 1, 1, c, -2, 4);
  const BatchNormWeights weights = side.batch_norm_weights(c);
  side.backend().batch_norm_inference(x, weights, epsilon, act, side.result(rows, 1, 1, c));
}

void batch_norm_backward_case(Side& side, std::int64_t rows, std::int64_t c, Activation act, bool in_place) {
  const View x = side.input(rows, 1, 1, c, -4, 4), dy = side.changed(rows, 1, 1, c);
  const BatchNormWeights weights = side.batch_norm_weights(c);
  const View y = side.result(rows, 1, 1, c);
  const BatchNormStatistics statistics = statistics_results(side, c);
  side.backend().batch_norm_training(x, weights, epsilon, act, y, statistics);
  side.watch_kinks(x, weights, statistics, epsilon);
  const View dx = in_place ? dy : side.result(rows, 1, 1, c);
  side.backend().batch_norm_backward(x, y, dy, weights, statistics, epsilon, act, dx, gradient_results(side, c));
}

void fold_case(Side& side, std::int64_t kernel, std::int64_t in, std::int64_t out, bool gaps) {
  const Filter w = side.filter(kernel, kernel, in, out, gaps);
  const BatchNormWeights weights = side.batch_norm_weights(out);
  const Filter folded = side.other_filter(kernel, kernel, in, out, false);
  side.backend().fold_batch_norm(w, weights, epsilon, folded, side.vector_result(out));
}

void augment_case(Side& side, int channels, std::int64_t out_h, std::int64_t out_w, std::int64_t out_c) {
  constexpr int images = 3;
  std::array<std::vector<std::uint8_t>, images> pixels;
  std::vector<Image> pictures;
  std::vector<Crop> crops;
  for (std::vector<std::uint8_t>& each : pixels) {
    const int width = 20 + static_cast<int>(side.random().below(80));
    const int height = 20 + static_cast<int>(side.random().below(80));
    each.resize(static_cast<std::size_t>(width * height * channels));
    for (std::uint8_t& pixel : each) pixel = static_cast<std::uint8_t>(side.random().below(256));
    Crop crop;
    crop.width = 1 + static_cast<int>(side.random().below(static_cast<std::uint64_t>(width)));
    crop.height = 1 + static_cast<int>(side.random().below(static_cast<std::uint64_t>(height)));
    crop.x = static_cast<int>(side.random().below(static_cast<std::uint64_t>(width - crop.width + 1)));
    crop.y = static_cast<int>(side.random().below(static_cast<std::uint64_t>(height - crop.height + 1)));
    crop.flip = side.random().below(2) == 1;
    pictures.push_back({each.data(), width, height, channels});
    crops.push_back(crop);
  }
  side.backend().augment(pictures, crops, side.result(images, out_h, out_w, out_c));
}

struct Block {
  std::int64_t n, h, w, in, expanded, out;
  int stride;
  bool residual, gaps;

  Geometry geometry() const { return {stride, Padding::same}; }
  bool expands() const { return expanded != 0; }
  std::int64_t wide() const { return expands() ? expanded : in; }
  std::int64_t out_h() const { return output_size(h, 3, geometry()); }
  std::int64_t out_w() const { return output_size(w, 3, geometry()); }
  std::string name() const {
    return selftest_shape({n, h, w, in}) + " to " + std::to_string(wide()) + " to " + std::to_string(out) +
           ", stride " + std::to_string(stride) + (residual ? ", residual" : "") + (gaps ? ", gaps" : "");
  }
};

constexpr std::array<Block, 9> blocks{{{2, 7, 6, 8, 48, 8, 1, true, false},
                                       {2, 7, 6, 4, 24, 12, 2, false, true},
                                       {1, 9, 9, 7, 42, 7, 1, true, true},
                                       {2, 8, 8, 16, 96, 24, 2, false, false},
                                       {2, 6, 5, 12, 0, 8, 1, false, true},
                                       {2, 5, 5, 16, 0, 16, 1, true, false},
                                       {9, 1, 1, 8, 48, 9, 1, false, false},
                                       {2, 4, 4, 33, 17, 33, 1, true, false},
                                       {1, 12, 10, 1, 6, 1, 2, false, false}}};

BottleneckWeights block_weights(Side& side, const Block& s) {
  BottleneckWeights weights;
  if (s.expands()) {
    weights.expand = side.filter(1, 1, s.in, s.expanded, s.gaps);
    weights.bn1 = side.batch_norm_weights(s.expanded);
  }
  weights.depthwise = side.filter(3, 3, 1, s.wide(), s.gaps);
  weights.bn2 = side.batch_norm_weights(s.wide());
  weights.project = side.filter(1, 1, s.wide(), s.out, s.gaps);
  weights.bn3 = side.batch_norm_weights(s.out);
  weights.stride = s.stride;
  weights.residual = s.residual;
  return weights;
}

void bottleneck_training_case(Side& side, const Block& s) {
  const View x = side.input(s.n, s.h, s.w, s.in);
  BottleneckSaved saved;
  side.backend().bottleneck_training(x, block_weights(side, s), epsilon, side.arena(),
                                     side.result(s.n, s.out_h(), s.out_w(), s.out), saved);
}

void bottleneck_backward_case(Side& side, const Block& s, bool wants_dx) {
  const View x = side.input(s.n, s.h, s.w, s.in), dy = side.input(s.n, s.out_h(), s.out_w(), s.out);
  const BottleneckWeights weights = block_weights(side, s);
  BottleneckSaved saved;
  side.backend().bottleneck_training(x, weights, epsilon, side.arena(), side.arena().take_like(dy), saved);
  if (saved.expanded.present()) side.watch_kinks(saved.expanded, weights.bn1, saved.bn1, epsilon);
  if (saved.filtered.present()) side.watch_kinks(saved.filtered, weights.bn2, saved.bn2, epsilon);
  BottleneckGradients gradients;
  if (s.expands()) {
    gradients.expand = side.filter_result(1, 1, s.in, s.expanded, s.gaps);
    gradients.bn1 = gradient_results(side, s.expanded);
  }
  gradients.depthwise = side.filter_result(3, 3, 1, s.wide(), s.gaps);
  gradients.bn2 = gradient_results(side, s.wide());
  gradients.project = side.filter_result(1, 1, s.wide(), s.out, s.gaps);
  gradients.bn3 = gradient_results(side, s.out);
  const View dx = wants_dx ? side.result(s.n, s.h, s.w, s.in) : View{};
  side.backend().bottleneck_backward(x, dy, weights, epsilon, saved, side.arena(), dx, gradients);
}

void bottleneck_inference_case(Side& side, const Block& s) {
  const View x = side.input(s.n, s.h, s.w, s.in);
  FoldedBottleneck block;
  if (s.expands()) {
    block.expand = side.filter(1, 1, s.in, s.expanded, false);
    block.bias1 = side.vector(s.expanded, -1, 2);
  }
  block.depthwise = side.filter(3, 3, 1, s.wide(), false);
  block.bias2 = side.vector(s.wide(), -1, 2);
  block.project = side.filter(1, 1, s.wide(), s.out, false);
  block.bias3 = side.vector(s.out);
  block.stride = s.stride;
  block.residual = s.residual;
  side.backend().bottleneck_inference(x, block, side.arena(), side.result(s.n, s.out_h(), s.out_w(), s.out));
}

}  // namespace

void add_normalization_cases(SelftestTable& table) {
  const auto for_each = [&](const auto& body) {
    for (const std::int64_t c : widths)
      for (const std::int64_t rows : {1, 2, 35, 257})
        for (std::size_t act = 0; act < activations.size(); ++act)
          body(rows, c, activations[act], selftest_shape({rows, c}) + activation_names[act]);
  };
  for_each([&](std::int64_t rows, std::int64_t c, Activation act, const std::string& name) {
    table.add("batch_norm_training", normalization, false, name,
              [=](Side& side) { batch_norm_training_case(side, rows, c, act, 1); });
  });
  for_each([&](std::int64_t rows, std::int64_t c, Activation act, const std::string& name) {
    table.add("batch_norm_inference", reduction, false, name,
              [=](Side& side) { batch_norm_inference_case(side, rows, c, act); });
  });
  for_each([&](std::int64_t rows, std::int64_t c, Activation act, const std::string& name) {
    for (const bool in_place : {false, true})
      table.add("batch_norm_backward", normalization, false, name + (in_place ? ", in place" : ""),
                [=](Side& side) { batch_norm_backward_case(side, rows, c, act, in_place); });
  });
  // A mean far from zero, where the mean of the squares less the square of the mean would cancel.
  for (const std::int64_t c : widths)
    for (const std::int64_t rows : {35, 3000})
      table.add("batch_norm_training", normalization, false, selftest_shape({rows, c}) + ", around 100",
                [=](Side& side) { batch_norm_training_case(side, rows, c, Activation::none, 100); });
  for (const std::int64_t c : widths)
    table.add("update_running_statistics", elementwise, false, selftest_shape({c}), [c](Side& side) {
      const View mean = side.vector(c), variance = side.vector(c, 0, 2);
      const View running_mean = side.changed_vector(c), running_variance = side.changed_vector(c, 0, 2);
      side.backend().update_running_statistics({mean, variance}, 0.99, {{}, {}, running_mean, running_variance});
    });
  for (const std::int64_t c : widths) {
    table.add("accumulate_moments", elementwise, false, selftest_shape({c}), [c](Side& side) {
      const View mean = side.vector(c), variance = side.vector(c, 0, 2);
      side.backend().accumulate_moments({mean, variance}, 17, side.moments(c));
    });
    table.add("store_moments", elementwise, false, selftest_shape({c}), [c](Side& side) {
      const View mean = side.vector_result(c), variance = side.vector_result(c);
      side.backend().store_moments(side.moments(c), {{}, {}, mean, variance});
    });
  }
  for (const std::int64_t c : widths)
    for (const bool gaps : {false, true}) {
      table.add("fold_batch_norm", elementwise, false, selftest_shape({1, 1, 12, c}),
                [=](Side& side) { fold_case(side, 1, 12, c, gaps); });
      table.add("fold_batch_norm", elementwise, false, selftest_shape({3, 3, 1, c}),
                [=](Side& side) { fold_case(side, 3, 1, c, gaps); });
    }
}

void add_normalizations_by_four(SelftestTable& table) {
  for (const std::int64_t c : {4, 12, 20}) {
    const std::string name = selftest_shape({35, c});
    table.add("batch_norm_training", normalization, false, name,
              [=](Side& side) { batch_norm_training_case(side, 35, c, Activation::none, 1); });
    table.add("batch_norm_inference", reduction, false, name,
              [=](Side& side) { batch_norm_inference_case(side, 35, c, Activation::relu6); });
    table.add("batch_norm_backward", normalization, false, name,
              [=](Side& side) { batch_norm_backward_case(side, 35, c, Activation::relu6, false); });
    table.add("global_average_pool", reduction, false, name,
              [=](Side& side) { side.backend().global_average_pool(side.input(3, 5, 7, c), side.result(3, 1, 1, c)); });
    table.add("global_average_pool_backward", elementwise, false, name, [=](Side& side) {
      side.backend().global_average_pool_backward(side.input(3, 1, 1, c), side.result(3, 5, 7, c));
    });
  }
}

void add_elementwise_cases(SelftestTable& table) {
  for (const std::int64_t c : widths)
    for (std::size_t i = 0; i < activations.size(); ++i)
      for (const bool in_place : {false, true}) {
        const Activation act = activations[i];
        const std::string name = selftest_shape({3, 5, c}) + activation_names[i] + (in_place ? ", in place" : "");
        const bool exact = act != Activation::sigmoid;
        table.add("activation", elementwise, exact, name, [=](Side& side) {
          const View x = side.changed(1, 3, 5, c, -10, 10);
          side.backend().activation(x, act, in_place ? x : side.result(1, 3, 5, c));
        });
        table.add("activation_backward", elementwise, exact, name, [=](Side& side) {
          const View y = side.input(1, 3, 5, c, -3, 9), dy = side.changed(1, 3, 5, c);
          side.backend().activation_backward(y, dy, act, in_place ? dy : side.result(1, 3, 5, c));
        });
      }
  for (const std::int64_t c : widths)
    for (const int alias : {0, 1, 2})
      table.add("add", elementwise, true, selftest_shape({3, 5, c}), [=](Side& side) {
        const View a = side.changed(1, 3, 5, c), b = side.changed(1, 3, 5, c);
        side.backend().add(a, b, alias == 0 ? side.result(1, 3, 5, c) : alias == 1 ? a : b);
      });
  for (const std::int64_t c : widths)
    for (const std::int64_t size : {1, 2, 7, 14}) {
      const std::string name = selftest_shape({3, size, size + 1, c});
      table.add("global_average_pool", reduction, false, name, [=](Side& side) {
        side.backend().global_average_pool(side.input(3, size, size + 1, c), side.result(3, 1, 1, c));
      });
      table.add("global_average_pool_backward", elementwise, false, name, [=](Side& side) {
        side.backend().global_average_pool_backward(side.input(3, 1, 1, c), side.result(3, size, size + 1, c));
      });
    }
  for (const std::int64_t c : widths) {
    table.add("copy", 0, true, selftest_shape({3, 5, c}),
              [=](Side& side) { side.backend().copy(side.input(3, 5, 1, c), side.result(3, 5, 1, c)); });
    table.add("clear", 0, true, selftest_shape({3, 5, c}),
              [=](Side& side) { side.backend().clear(side.result(3, 5, 1, c)); });
    for (const bool gaps : {false, true}) {
      const std::string name = selftest_shape({3, 3, 5, c}) + (gaps ? ", gaps" : "");
      table.add("copy", 0, true, name, [=](Side& side) {
        side.backend().copy(side.filter(3, 3, 5, c, !gaps), side.other_filter(3, 3, 5, c, gaps));
      });
      table.add("clear", 0, true, name, [=](Side& side) { side.backend().clear(side.other_filter(3, 3, 5, c, gaps)); });
    }
  }
  for (const int channels : {1, 3})
    for (const std::int64_t out_c : {1, 3})
      for (const std::int64_t size : {1, 7, 32, 45})
        table.add("augment", 0, false, selftest_shape({size, size + 3, out_c}),
                  [=](Side& side) { augment_case(side, channels, size, size + 3, out_c); });
}

void add_bottleneck_cases(SelftestTable& table) {
  for (const Block& s : blocks)
    table.add("bottleneck_training", normalization, false, s.name(),
              [s](Side& side) { bottleneck_training_case(side, s); });
  for (const Block& s : blocks)
    for (const bool wants_dx : {true, false})
      table.add("bottleneck_backward", normalization, false, s.name() + (wants_dx ? "" : ", no dx"),
                [=](Side& side) { bottleneck_backward_case(side, s, wants_dx); });
  for (const Block& s : blocks)
    table.add("bottleneck_inference", reduction, false, s.name(),
              [s](Side& side) { bottleneck_inference_case(side, s); });
}

}  // namespace danas
