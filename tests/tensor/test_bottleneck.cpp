// The inverted bottleneck against its formula and, folded, against the unfused network.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "backends.hpp"
#include "tensor/selftest_side.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

using Side = SelftestSide;
constexpr double epsilon = 1e-3;

struct Shape {
  std::int64_t n, h, w, in, expanded, out;
  int stride;
  bool residual;
  std::int64_t wide() const { return expanded ? expanded : in; }
  std::int64_t out_h() const { return (h + stride - 1) / stride; }
  std::int64_t out_w() const { return (w + stride - 1) / stride; }
};
constexpr std::array<Shape, 5> blocks{{{2, 5, 4, 3, 18, 3, 1, true},
                                       {2, 6, 5, 4, 24, 7, 2, false},
                                       {2, 4, 6, 9, 0, 8, 1, false},
                                       {3, 3, 3, 8, 0, 8, 1, true},
                                       {1, 7, 8, 8, 48, 16, 2, false}}};

BottleneckWeights make_weights(Side& side, const Shape& s) {
  BottleneckWeights weights;
  if (s.expanded) {
    weights.expand = side.filter(1, 1, s.in, s.expanded, true);
    weights.bn1 = side.batch_norm_weights(s.expanded);
  }
  weights.depthwise = side.filter(3, 3, 1, s.wide(), true);
  weights.bn2 = side.batch_norm_weights(s.wide());
  weights.project = side.filter(1, 1, s.wide(), s.out, true);
  weights.bn3 = side.batch_norm_weights(s.out);
  weights.stride = s.stride;
  weights.residual = s.residual;
  return weights;
}

double weight(const Filter& filter, std::int64_t tap, std::int64_t i, std::int64_t o) {
  return filter.as<double>()[tap * filter.tap_stride + i * filter.row_stride + o];
}

using Values = std::vector<double>;  // rows × channels

Values product(const Values& x, const Filter& w) {
  const std::int64_t rows = static_cast<std::int64_t>(x.size()) / w.in;
  Values y;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t o = 0; o < w.out; ++o) {
      double sum = 0;
      for (std::int64_t i = 0; i < w.in; ++i) sum += x[static_cast<std::size_t>(row * w.in + i)] * weight(w, 0, i, o);
      y.push_back(sum);
    }
  return y;
}

// Batch normalization in training mode as its textbook formula, with E[x²] − E[x]² for the variance.
Values normalized(const Values& x, const BatchNormWeights& weights, bool relu6) {
  const std::size_t channels = static_cast<std::size_t>(weights.gamma.c), rows = x.size() / channels;
  Values y(x.size());
  for (std::size_t c = 0; c < channels; ++c) {
    double mean = 0, square = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      mean += x[row * channels + c] / static_cast<double>(rows);
      square += x[row * channels + c] * x[row * channels + c] / static_cast<double>(rows);
    }
    const double deviation = std::sqrt(square - mean * mean + epsilon);
    const double gamma = get(weights.gamma, static_cast<std::int64_t>(c));
    const double beta = get(weights.beta, static_cast<std::int64_t>(c));
    for (std::size_t row = 0; row < rows; ++row) {
      const double value = gamma * (x[row * channels + c] - mean) / deviation + beta;
      y[row * channels + c] = relu6 ? std::min(std::max(value, 0.0), 6.0) : value;
    }
  }
  return y;
}

// 3×3, TensorFlow's SAME written out: at stride 2 an even size has no padding before, an odd one a pixel.
Values filtered(const Values& x, const Shape& s, const Filter& w) {
  const std::int64_t top = s.stride == 1 || s.h % 2 == 1 ? 1 : 0, left = s.stride == 1 || s.w % 2 == 1 ? 1 : 0;
  Values y;
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t oy = 0; oy < s.out_h(); ++oy)
      for (std::int64_t ox = 0; ox < s.out_w(); ++ox)
        for (std::int64_t c = 0; c < s.wide(); ++c) {
          double sum = 0;
          for (std::int64_t tap = 0; tap < 9; ++tap) {
            const std::int64_t iy = oy * s.stride + tap / 3 - top, ix = ox * s.stride + tap % 3 - left;
            if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) continue;
            sum += x[static_cast<std::size_t>(((n * s.h + iy) * s.w + ix) * s.wide() + c)] * weight(w, tap, 0, c);
          }
          y.push_back(sum);
        }
  return y;
}

double worst_difference(const View& a, const View& b) {
  double worst = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(get(a, i) - get(b, i));
    worst = std::isnan(error) ? 1e300 : std::max(worst, error);
  }
  return worst;
}

bool same_mark(const Arena::Mark& a, const Arena::Mark& b) { return a.block == b.block && a.used == b.used; }

}  // namespace

BOOST_AUTO_TEST_CASE(training_is_the_formula) {
  const auto backend = make_reference_backend(Type::f64);
  for (const Shape& s : blocks) {
    Side side(*backend, Random(1, "formula"), SelftestFill::reals);
    const BottleneckWeights weights = make_weights(side, s);
    const View x = side.input(s.n, s.h, s.w, s.in), y = side.result(s.n, s.out_h(), s.out_w(), s.out);
    BottleneckSaved saved;
    backend->bottleneck_training(x, weights, epsilon, side.arena(), y, saved);

    const Values input(x.as<double>(), x.as<double>() + x.size());
    Values values = input;
    if (s.expanded) values = normalized(product(values, weights.expand), weights.bn1, true);
    values = normalized(filtered(values, s, weights.depthwise), weights.bn2, true);
    values = normalized(product(values, weights.project), weights.bn3, false);
    BOOST_REQUIRE_EQUAL(static_cast<std::size_t>(y.size()), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double wanted = values[i] + (s.residual ? input[i] : 0);
      BOOST_REQUIRE_SMALL(get(y, static_cast<std::int64_t>(i)) - wanted, 1e-9);
    }
    BOOST_CHECK_EQUAL(saved.bn1.mean.present(), s.expanded != 0);
    BOOST_CHECK(saved.bn2.mean.present() && saved.bn3.variance.present());
  }
}

FOR_EACH_BACKEND(a_folded_block_is_the_unfused_network) {
  for (const Shape& s : blocks) BOOST_TEST_CONTEXT(backend.name()) {
      Side side(backend, Random(1, "folded"), SelftestFill::reals);
      Arena& arena = side.arena();
      const BottleneckWeights weights = make_weights(side, s);
      const View x = side.input(s.n, s.h, s.w, s.in);
      const Geometry geometry{s.stride, Padding::same};

      View value = x;
      const auto normalize = [&](const BatchNormWeights& bn, Activation act) {
        const View out = arena.take_like(value);
        backend.batch_norm_inference(value, bn, epsilon, act, out);
        value = out;
      };
      const auto multiply = [&](const Filter& w) {
        const View out = arena.take(value.n, value.h, value.w, w.out);
        backend.convolution(value, w, {}, {}, Activation::none, out);
        value = out;
      };
      if (s.expanded) {
        multiply(weights.expand);
        normalize(weights.bn1, Activation::relu6);
      }
      const View wide = value;
      value = arena.take(s.n, s.out_h(), s.out_w(), s.wide());
      backend.depthwise(wide, weights.depthwise, geometry, {}, Activation::none, value);
      normalize(weights.bn2, Activation::relu6);
      multiply(weights.project);
      normalize(weights.bn3, Activation::none);
      if (s.residual) backend.add(value, x, value);

      const FoldedBottleneck folded = backend.fold_bottleneck(weights, epsilon, arena);
      const View y = side.result(s.n, s.out_h(), s.out_w(), s.out);
      const Arena::Mark before = arena.mark();
      backend.bottleneck_inference(x, folded, arena, y);
      BOOST_CHECK(same_mark(before, arena.mark()));
      BOOST_CHECK_LT(worst_difference(y, value), backend.weight_type() == Type::f64 ? 1e-12 : 2e-5);
    }
}

FOR_EACH_BACKEND(backward_computes_what_is_wanted_and_gives_scratch_back) {
  for (const Shape& s : blocks) BOOST_TEST_CONTEXT(backend.name()) {
      Side side(backend, Random(1, "wanted"), SelftestFill::reals);
      const BottleneckWeights weights = make_weights(side, s);
      const View x = side.input(s.n, s.h, s.w, s.in), y = side.result(s.n, s.out_h(), s.out_w(), s.out);
      const View dy = side.input(y.n, y.h, y.w, y.c);
      BottleneckSaved saved;
      backend.bottleneck_training(x, weights, epsilon, side.arena(), y, saved);
      const Arena::Mark before = side.arena().mark();
      const auto backward = [&](const View& dx, const BottleneckGradients& gradients) {
        backend.bottleneck_backward(x, dy, weights, epsilon, saved, side.arena(), dx, gradients);
        BOOST_CHECK(same_mark(before, side.arena().mark()));
      };
      BottleneckGradients all, filters_only;
      if (s.expanded) {
        all.expand = side.filter_result(1, 1, s.in, s.expanded, false);
        all.bn1 = {side.vector_result(s.expanded), side.vector_result(s.expanded)};
        filters_only.expand = side.filter_result(1, 1, s.in, s.expanded, false);
      }
      all.depthwise = side.filter_result(3, 3, 1, s.wide(), false);
      all.bn2 = {side.vector_result(s.wide()), side.vector_result(s.wide())};
      all.project = side.filter_result(1, 1, s.wide(), s.out, false);
      all.bn3 = {side.vector_result(s.out), side.vector_result(s.out)};
      filters_only.depthwise = side.filter_result(3, 3, 1, s.wide(), false);
      const View dx = side.result(s.n, s.h, s.w, s.in), dx_alone = side.result(s.n, s.h, s.w, s.in);
      backward(dx, all);
      backward(dx_alone, {});
      backward({}, filters_only);
      backward({}, {});
      BOOST_CHECK_EQUAL(worst_difference(dx, dx_alone), 0);
      const auto same = [](const Filter& a, const Filter& b) {
        return worst_difference(vector_view(a.type, a.data, a.size()), vector_view(b.type, b.data, b.size())) == 0;
      };
      BOOST_CHECK(same(all.depthwise, filters_only.depthwise));
      if (s.expanded) BOOST_CHECK(same(all.expand, filters_only.expand));
    }
}
