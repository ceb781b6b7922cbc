// The CPU's convolution with its normalization as one operation against the composition of plain operations in double:
// output, statistics and every gradient, with windows of every kind and images that are hard on sums in single precision.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "backends.hpp"
#include "base/random.hpp"
#include "tensor/normalized_convolution.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

constexpr double epsilon = 1e-3;
using Numbers = std::vector<double>;

struct Convolution {
  std::int64_t n, h, w, in, out, kernel;
  Geometry geometry;
  Activation act = Activation::relu6;

  View input() const { return {Type::f32, nullptr, n, h, w, in}; }
  View output() const {
    return {Type::f32, nullptr, n, output_size(h, kernel, geometry), output_size(w, kernel, geometry), out};
  }
};

constexpr Geometry same1{1, Padding::same}, same2{2, Padding::same}, valid2{2, Padding::valid};
const std::vector<Convolution> from_covariance{{2, 33, 31, 3, 16, 3, same2},
                                               {3, 32, 30, 1, 8, 3, same2, Activation::sigmoid},
                                               {1, 24, 23, 3, 33, 3, same1, Activation::none},
                                               {130, 4, 3, 3, 12, 3, same2, Activation::relu},
                                               {2, 40, 41, 2, 20, 5, valid2},
                                               {1, 30, 300, 3, 4, 3, same2},
                                               {600, 1, 1, 7, 36, 1, same1}};
const std::vector<Convolution> composed{{2, 5, 4, 3, 8, 3, same2}, {1, 24, 24, 8, 16, 3, same1}};

/// What is hard about the operands.
enum class Kind { plain, far_means, nearly_constant, first_image_apart, gamma_zero };

/// Single-precision numbers, so that both sides have the same.
class Drawn {
 public:
  explicit Drawn(Kind kind) : random_(5, "normalized convolution"), kind_(kind) {}

  Numbers uniform(std::int64_t count, double low, double high) {
    Numbers numbers(static_cast<std::size_t>(count));
    for (double& each : numbers) each = static_cast<double>(static_cast<float>(random_.uniform(low, high)));
    return numbers;
  }
  Numbers input(const Convolution& s) {
    Numbers x = uniform(s.input().size(), -1, 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const bool first = static_cast<std::int64_t>(i) < s.input().size() / s.n;
      if (kind_ == Kind::far_means) x[i] += 60;
      if (kind_ == Kind::nearly_constant) x[i] = 0.9 + x[i] / 256;
      if (kind_ == Kind::first_image_apart) x[i] = first ? -30 : 1 + x[i] / 16;
      x[i] = static_cast<double>(static_cast<float>(x[i]));
    }
    return x;
  }
  Numbers gamma(std::int64_t count) {
    Numbers gamma = uniform(count, 0.5, 1.5);
    for (std::size_t c = 0; c < gamma.size() && kind_ == Kind::gamma_zero; c += 3) gamma[c] = 0;
    return gamma;
  }

 private:
  Random random_;
  Kind kind_;
};

struct Results {
  Numbers y, mean, variance, dx, dw, dgamma, dbeta;
};

/// The filters with `extra` unused columns and rows around them.
Results run(Backend& backend, const Convolution& s, Kind kind, bool wants_dx, std::int64_t extra = 0) {
  Drawn drawn(kind);
  Arena arena(backend);
  const auto place = [&](const View& shape, const Numbers& numbers) {
    const View view = arena.take_like(shape);
    upload_numbers(backend, numbers.empty() ? Numbers(static_cast<std::size_t>(shape.size()), 7) : numbers, view);
    return view;
  };
  const auto vector = [&](const Numbers& numbers) { return place(vector_view(Type::f32, nullptr, s.out), numbers); };
  const std::int64_t row = s.out + extra, tap = (s.in + extra) * row, taps = s.kernel * s.kernel;
  const auto inside = [&](std::int64_t i) { return i % tap / row < s.in && i % row < s.out; };
  const auto filter = [&](const Numbers& numbers) {
    Numbers all(static_cast<std::size_t>(taps * tap), 7);
    for (std::int64_t i = 0, next = 0; i < taps * tap && !numbers.empty(); ++i)
      if (inside(i)) all[static_cast<std::size_t>(i)] = numbers[static_cast<std::size_t>(next++)];
    return Filter{backend.weight_type(),
                  place(vector_view(Type::f32, nullptr, taps * tap), all).data,
                  s.kernel,
                  s.kernel,
                  s.in,
                  s.out,
                  tap,
                  row};
  };
  const View x = place(s.input(), drawn.input(s)), y = place(s.output(), {});
  const View dy = place(s.output(), drawn.uniform(s.output().size(), -1, 1));
  const double bound = std::sqrt(3.0 / static_cast<double>(taps * s.in));
  const Filter w = filter(drawn.uniform(taps * s.in * s.out, -bound, bound)), dw = filter({});
  const BatchNormWeights weights{vector(drawn.gamma(s.out)), vector(drawn.uniform(s.out, -1, 2)), {}, {}};
  const View running = vector({});
  const BatchNormWeights all{weights.gamma, weights.beta, running, running};
  const BatchNormGradients gradients{vector({}), vector({})};
  const View dx = wants_dx ? place(s.input(), {}) : View{};
  ConvolutionSaved saved;
  backend.normalized_convolution_training(x, w, s.geometry, all, epsilon, s.act, arena, y, saved);
  const Arena::Mark before = arena.mark();
  backend.normalized_convolution_backward(x, y, dy, w, s.geometry, all, epsilon, s.act, saved, arena, dx, dw,
                                          gradients);
  BOOST_CHECK(before == arena.mark());

  const auto numbers = [&](const View& view) {
    Numbers values;
    if (view.present()) download_numbers(backend, view, values);
    return values;
  };
  Results results{numbers(y),
                  numbers(saved.statistics.mean),
                  numbers(saved.statistics.variance),
                  numbers(dx),
                  {},
                  numbers(gradients.gamma),
                  numbers(gradients.beta)};
  const Numbers filters = numbers(vector_view(dw.type, dw.data, taps * tap));
  for (std::int64_t i = 0; i < taps * tap; ++i) {
    if (inside(i)) results.dw.push_back(filters[static_cast<std::size_t>(i)]);
    else BOOST_REQUIRE_EQUAL(filters[static_cast<std::size_t>(i)], 7);
  }
  return results;
}

double largest(const Numbers& numbers) {
  double largest = 0;
  for (const double each : numbers) largest = std::max(largest, std::abs(each));
  return largest;
}

/// The largest error by the largest number.
double error(const Numbers& got, const Numbers& wanted) {
  BOOST_REQUIRE_EQUAL(got.size(), wanted.size());
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double distance = std::abs(got[i] - wanted[i]);
    worst = std::isnan(distance) ? 1e300 : std::max(worst, distance);
  }
  return worst / std::max(1e-30, largest(wanted));
}

// A unit whose input is within rounding of a kink of its activation has its gradient or not: a share of the sums of many.
void check(Backend& backend, Backend& reference, const Convolution& s, Kind kind, bool wants_dx) {
  const Results got = run(backend, s, kind, wants_dx, 3), wanted = run(reference, s, kind, wants_dx);
  const double outputs = kind == Kind::plain || kind == Kind::gamma_zero ? 1e-5 : 5e-4;
  const double gradients = kind == Kind::plain || kind == Kind::gamma_zero ? 2e-3 : 2e-2;
  BOOST_TEST_CONTEXT(backend.name() << ", " << s.n << " " << s.h << " " << s.w << " " << s.in << " " << s.out
                                    << ", kind " << static_cast<int>(kind)) {
    BOOST_CHECK_LT(error(got.y, wanted.y), outputs);
    BOOST_CHECK_LT(error(got.mean, wanted.mean), 1e-6);
    BOOST_CHECK_LT(error(got.variance, wanted.variance), outputs);
    BOOST_CHECK_LT(error(got.dw, wanted.dw), gradients);
    BOOST_CHECK_LT(error(got.dgamma, wanted.dgamma), gradients);
    BOOST_CHECK_LT(error(got.dbeta, wanted.dbeta), gradients);
    if (wants_dx) BOOST_CHECK_LT(error(got.dx, wanted.dx), s.act == Activation::none ? 1e-4 : 0.5);
  }
}

}  // namespace

FOR_EACH_INSTRUCTION_SET(normalized_convolution_is_its_composition) {
  const auto backend = make_cpu_backend(2, instruction_set), reference = make_reference_backend(Type::f64);
  for (const std::vector<Convolution>* all : {&from_covariance, &composed})
    for (const Convolution& s : *all) {
      const Filter w = dense_filter(Type::f32, nullptr, s.kernel, s.kernel, s.in, s.out);
      BOOST_CHECK_EQUAL(keeps_window_covariance(w, s.output()), all == &from_covariance);
      for (const bool wants_dx : {false, true}) check(*backend, *reference, s, Kind::plain, wants_dx);
    }
}

FOR_EACH_INSTRUCTION_SET(normalized_convolution_of_hard_images) {
  const auto backend = make_cpu_backend(2, instruction_set), reference = make_reference_backend(Type::f64);
  for (const Kind kind : {Kind::far_means, Kind::nearly_constant, Kind::first_image_apart, Kind::gamma_zero})
    for (const Convolution& s : from_covariance)
      if (s.n > 1 || kind != Kind::first_image_apart) check(*backend, *reference, s, kind, false);
}

FOR_EACH_INSTRUCTION_SET(normalized_convolution_is_the_same_on_any_threads) {
  for (const Convolution& s : from_covariance) {
    const Results once = run(*make_cpu_backend(1, instruction_set), s, Kind::plain, false);
    for (const int threads : {2, 3, 4, 7}) {
      const Results again = run(*make_cpu_backend(threads, instruction_set), s, Kind::plain, false, threads);
      BOOST_TEST((once.y == again.y && once.mean == again.mean && once.variance == again.variance));
      BOOST_TEST((once.dw == again.dw && once.dgamma == again.dgamma && once.dbeta == again.dbeta));
    }
  }
}
