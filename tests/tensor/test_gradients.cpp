// Every backward operation of the double reference against central differences of its forward operation.
#include <functional>

#include "gradient_check.hpp"
#include "tensor/selftest_side.hpp"

using namespace danas;

namespace {

using Side = SelftestSide;
constexpr double epsilon = 1e-3;
constexpr std::array<Activation, 4> activations{Activation::none, Activation::relu, Activation::relu6,
                                                Activation::sigmoid};

// Runs body on operands away from the kinks of ReLU6: body(side) returns its checks, to be done if they are.
void with_operands(const std::function<std::function<void()>(Side&)>& body) {
  const auto reference = make_reference_backend(Type::f64);
  for (std::uint64_t attempt = 0;; ++attempt) {
    BOOST_REQUIRE_LT(attempt, 200u);
    Side side(*reference, Random(2, "gradients", attempt), SelftestFill::reals);
    const std::function<void()> checks = body(side);
    if (side.near_kink()) continue;
    checks();
    return;
  }
}

struct Window {
  std::int64_t h, w, in, out, kernel;
  Geometry geometry;
};
constexpr std::array<Window, 7> windows{{{5, 4, 3, 4, 3, {1, Padding::same}},
                                         {5, 4, 3, 4, 3, {2, Padding::same}},
                                         {6, 8, 3, 2, 3, {2, Padding::same}},
                                         {4, 3, 2, 5, 1, {1, Padding::same}},
                                         {7, 6, 2, 3, 5, {2, Padding::valid}},
                                         {6, 7, 2, 3, 3, {1, Padding::valid}},
                                         {1, 1, 2, 3, 3, {2, Padding::same}}}};

}  // namespace

BOOST_AUTO_TEST_CASE(normalized_convolution_gradients) {
  for (const Window& s : windows)
    with_operands([&](Side& side) {
      Backend& backend = side.backend();
      const View x = side.input(2, s.h, s.w, s.in), dx = side.result(2, s.h, s.w, s.in);
      const Filter w = side.filter(s.kernel, s.kernel, s.in, s.out, false);
      const BatchNormWeights weights = side.batch_norm_weights(s.out);
      const std::int64_t h = output_size(s.h, s.kernel, s.geometry), wide = output_size(s.w, s.kernel, s.geometry);
      const View y = side.result(2, h, wide, s.out), dy = side.input(2, h, wide, s.out);
      const Filter dw = side.filter_result(s.kernel, s.kernel, s.in, s.out, false);
      const BatchNormGradients gradients{side.vector_result(s.out), side.vector_result(s.out)};
      ConvolutionSaved saved;
      const auto forward = [=, &side](ConvolutionSaved& kept) {
        side.backend().normalized_convolution_training(x, w, s.geometry, weights, epsilon, Activation::relu6,
                                                       side.arena(), y, kept);
      };
      forward(saved);
      side.watch_kinks(saved.convolved, weights, saved.statistics, epsilon);
      backend.normalized_convolution_backward(x, y, dy, w, s.geometry, weights, epsilon, Activation::relu6, saved,
                                              side.arena(), dx, dw, gradients);
      return [=, &side] {
        const auto loss = [&] {
          const ArenaScope scope(side.arena());
          ConvolutionSaved unused;
          forward(unused);
          return weighted_sum(y, dy);
        };
        check_gradient("normalized convolution, dx", x, dx, loss);
        check_gradient("normalized convolution, dw", elements(w), elements(dw), loss);
        check_gradient("normalized convolution, dgamma", weights.gamma, gradients.gamma, loss);
        check_gradient("normalized convolution, dbeta", weights.beta, gradients.beta, loss);
      };
    });
}

BOOST_AUTO_TEST_CASE(convolution_gradients) {
  for (const Window& s : windows)
    with_operands([&](Side& side) {
      const View x = side.input(2, s.h, s.w, s.in);
      const Filter w = side.filter(s.kernel, s.kernel, s.in, s.out, false);
      const std::int64_t h = output_size(s.h, s.kernel, s.geometry), wide = output_size(s.w, s.kernel, s.geometry);
      const View y = side.result(2, h, wide, s.out), dy = side.input(2, h, wide, s.out);
      const View dx = side.result(2, s.h, s.w, s.in);
      const Filter dw = side.filter_result(s.kernel, s.kernel, s.in, s.out, false);
      side.backend().convolution_backward_input(dy, w, s.geometry, dx);
      side.backend().convolution_backward_filter(x, dy, s.geometry, dw);
      return [=, &side] {
        const auto loss = [&] {
          side.backend().convolution(x, w, s.geometry, {}, Activation::none, y);
          return weighted_sum(y, dy);
        };
        check_gradient("convolution, dx", x, dx, loss);
        check_gradient("convolution, dw", elements(w), elements(dw), loss);
      };
    });
}

BOOST_AUTO_TEST_CASE(depthwise_gradients) {
  for (const Window& s : windows)
    with_operands([&](Side& side) {
      const View x = side.input(2, s.h, s.w, s.in);
      const Filter w = side.filter(s.kernel, s.kernel, 1, s.in, false);
      const std::int64_t h = output_size(s.h, s.kernel, s.geometry), wide = output_size(s.w, s.kernel, s.geometry);
      const View y = side.result(2, h, wide, s.in), dy = side.input(2, h, wide, s.in);
      const View dx = side.result(2, s.h, s.w, s.in);
      const Filter dw = side.filter_result(s.kernel, s.kernel, 1, s.in, false);
      side.backend().depthwise_backward_input(dy, w, s.geometry, dx);
      side.backend().depthwise_backward_filter(x, dy, s.geometry, dw);
      return [=, &side] {
        const auto loss = [&] {
          side.backend().depthwise(x, w, s.geometry, {}, Activation::none, y);
          return weighted_sum(y, dy);
        };
        check_gradient("depthwise, dx", x, dx, loss);
        check_gradient("depthwise, dw", elements(w), elements(dw), loss);
      };
    });
}

BOOST_AUTO_TEST_CASE(matmul_gradients) {
  with_operands([](Side& side) {
    const View x = side.input(6, 1, 1, 5), bias = side.vector(4);
    const Filter w = side.filter(1, 1, 5, 4, false);
    const View y = side.result(6, 1, 1, 4), dy = side.input(6, 1, 1, 4);
    const View dx = side.result(6, 1, 1, 5), dbias = side.vector_result(4);
    const Filter dw = side.filter_result(1, 1, 5, 4, false);
    side.backend().matmul_backward_input(dy, w, dx);
    side.backend().matmul_backward_filter(x, dy, dw);
    side.backend().bias_backward(dy, dbias);
    return [=, &side] {
      const auto loss = [&] {
        side.backend().matmul(x, w, bias, Activation::none, y);
        return weighted_sum(y, dy);
      };
      check_gradient("matmul, dx", x, dx, loss);
      check_gradient("matmul, dw", elements(w), elements(dw), loss);
      check_gradient("matmul, dbias", bias, dbias, loss);
    };
  });
}

BOOST_AUTO_TEST_CASE(batch_norm_gradients) {
  for (const Activation act : activations)
    with_operands([&](Side& side) {
      const View x = side.input(3, 2, 4, 5, -4, 4), y = side.result(3, 2, 4, 5), dy = side.input(3, 2, 4, 5);
      const BatchNormWeights weights = side.batch_norm_weights(5);
      const BatchNormStatistics statistics{side.vector_result(5), side.vector_result(5)};
      const View dx = side.result(3, 2, 4, 5);
      const BatchNormGradients gradients{side.vector_result(5), side.vector_result(5)};
      side.backend().batch_norm_training(x, weights, epsilon, act, y, statistics);
      side.watch_kinks(x, weights, statistics, epsilon);
      side.backend().batch_norm_backward(x, y, dy, weights, statistics, epsilon, act, dx, gradients);
      return [=, &side] {
        const auto loss = [&] {
          side.backend().batch_norm_training(x, weights, epsilon, act, y, statistics);
          return weighted_sum(y, dy);
        };
        check_gradient("batch_norm, dx", x, dx, loss);
        check_gradient("batch_norm, dgamma", weights.gamma, gradients.gamma, loss);
        check_gradient("batch_norm, dbeta", weights.beta, gradients.beta, loss);
      };
    });
}

BOOST_AUTO_TEST_CASE(activation_and_pool_gradients) {
  for (const Activation act : activations)
    with_operands([&](Side& side) {
      const View x = side.input(2, 3, 3, 4, -4, 9), y = side.result(2, 3, 3, 4), dy = side.input(2, 3, 3, 4);
      const View dx = side.result(2, 3, 3, 4);
      side.backend().activation(x, act, y);
      side.backend().activation_backward(y, dy, act, dx);
      return [=, &side] {
        check_gradient("activation", x, dx, [&] {
          side.backend().activation(x, act, y);
          return weighted_sum(y, dy);
        });
      };
    });
  with_operands([](Side& side) {
    const View x = side.input(2, 3, 4, 5), y = side.result(2, 1, 1, 5), dy = side.input(2, 1, 1, 5);
    const View dx = side.result(2, 3, 4, 5);
    side.backend().global_average_pool_backward(dy, dx);
    return [=, &side] {
      check_gradient("global_average_pool", x, dx, [&] {
        side.backend().global_average_pool(x, y);
        return weighted_sum(y, dy);
      });
    };
  });
}

BOOST_AUTO_TEST_CASE(softmax_cross_entropy_gradients) {
  with_operands([](Side& side) {
    const View logits = side.input(5, 1, 1, 3, -4, 4), probabilities = side.result(5, 1, 1, 3);
    const View dlogits = side.result(5, 1, 1, 3);
    const View labels = side.labels(5, 3), sums = side.sums(1, 2);
    side.backend().softmax_cross_entropy(logits, labels, probabilities, sums);
    side.backend().softmax_cross_entropy_backward(probabilities, labels, {}, dlogits);
    return [=, &side] {
      check_gradient("softmax_cross_entropy", logits, dlogits, [&] {
        set(sums, 0, 0);
        side.backend().softmax_cross_entropy(logits, labels, probabilities, sums);
        return get(sums, 0);
      });
    };
  });
}

BOOST_AUTO_TEST_CASE(gradients_of_the_cross_entropy_against_probabilities) {
  with_operands([](Side& side) {
    const View logits = side.input(5, 1, 1, 3, -4, 4), dlogits = side.result(5, 1, 1, 3);
    const View probabilities = side.result(5, 1, 1, 3), targets = side.result(5, 1, 1, 3);
    const View labels = side.labels(5, 3), sums = side.sums(1, 2);
    side.backend().softmax_cross_entropy(side.input(5, 1, 1, 3, -2, 2), labels, targets, sums);
    side.backend().softmax_cross_entropy(logits, labels, probabilities, sums);
    side.backend().softmax_cross_entropy_backward(probabilities, targets, {}, dlogits);
    return [=, &side] {
      check_gradient("cross-entropy against probabilities", logits, dlogits, [&] {
        side.backend().softmax_cross_entropy(logits, labels, probabilities, sums);
        double loss = 0;
        for (std::int64_t i = 0; i < 15; ++i) loss -= get(targets, i) * std::log(get(probabilities, i)) / 5;
        return loss;
      });
    };
  });
}

namespace {

struct Block {
  std::int64_t h, w, in, expanded, out;
  int stride;
  bool residual;
};
constexpr std::array<Block, 7> blocks{{{4, 3, 3, 8, 3, 1, true},
                                       {4, 3, 3, 8, 4, 1, false},
                                       {5, 4, 3, 8, 4, 2, false},
                                       {6, 6, 2, 7, 2, 2, false},
                                       {4, 4, 4, 0, 3, 1, false},
                                       {4, 5, 4, 0, 4, 1, true},
                                       {5, 5, 4, 0, 3, 2, false}}};

std::function<void()> bottleneck_checks(Side& side, const Block& s) {
  Backend& backend = side.backend();
  const bool expands = s.expanded != 0;
  const std::int64_t wide = expands ? s.expanded : s.in;
  BottleneckWeights weights;
  BottleneckGradients gradients;
  const auto normalization = [&side](std::int64_t c, BatchNormWeights& values, BatchNormGradients& places) {
    values = side.batch_norm_weights(c);
    places = {side.vector_result(c), side.vector_result(c)};
  };
  if (expands) {
    weights.expand = side.filter(1, 1, s.in, wide, false);
    gradients.expand = side.filter_result(1, 1, s.in, wide, false);
    normalization(wide, weights.bn1, gradients.bn1);
  }
  weights.depthwise = side.filter(3, 3, 1, wide, false);
  gradients.depthwise = side.filter_result(3, 3, 1, wide, false);
  normalization(wide, weights.bn2, gradients.bn2);
  weights.project = side.filter(1, 1, wide, s.out, false);
  gradients.project = side.filter_result(1, 1, wide, s.out, false);
  normalization(s.out, weights.bn3, gradients.bn3);
  weights.stride = s.stride;
  weights.residual = s.residual;

  const Geometry geometry{s.stride, Padding::same};
  const View x = side.input(2, s.h, s.w, s.in), dx = side.result(2, s.h, s.w, s.in);
  const View y = side.result(2, output_size(s.h, 3, geometry), output_size(s.w, 3, geometry), s.out);
  const View dy = side.input(y.n, y.h, y.w, y.c);
  BottleneckSaved saved;
  backend.bottleneck_training(x, weights, epsilon, side.arena(), y, saved);
  if (expands) side.watch_kinks(saved.expanded, weights.bn1, saved.bn1, epsilon);
  side.watch_kinks(saved.filtered, weights.bn2, saved.bn2, epsilon);
  backend.bottleneck_backward(x, dy, weights, epsilon, saved, side.arena(), dx, gradients);

  return [=, &side, &backend] {
    const auto loss = [&] {
      const ArenaScope scope(side.arena());
      BottleneckSaved unused;
      backend.bottleneck_training(x, weights, epsilon, side.arena(), y, unused);
      return weighted_sum(y, dy);
    };
    const auto check_normalization = [&](const BatchNormWeights& values, const BatchNormGradients& places) {
      check_gradient("bottleneck, dgamma", values.gamma, places.gamma, loss);
      check_gradient("bottleneck, dbeta", values.beta, places.beta, loss);
    };
    check_gradient("bottleneck, dx", x, dx, loss);
    if (expands) check_gradient("bottleneck, expand", elements(weights.expand), elements(gradients.expand), loss);
    if (expands) check_normalization(weights.bn1, gradients.bn1);
    check_gradient("bottleneck, depthwise", elements(weights.depthwise), elements(gradients.depthwise), loss);
    check_normalization(weights.bn2, gradients.bn2);
    check_gradient("bottleneck, project", elements(weights.project), elements(gradients.project), loss);
    check_normalization(weights.bn3, gradients.bn3);
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(bottleneck_gradients) {
  for (const Block& block : blocks) with_operands([&](Side& side) { return bottleneck_checks(side, block); });
}
