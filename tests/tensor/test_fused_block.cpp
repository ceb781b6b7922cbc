// The CPU's fused inverted bottleneck against the composition of plain operations in double: every output, statistic and
// gradient, over all ways of keeping the expanded tensor, tails of every kind, and operands that are hard on sums in
// single precision.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "backends.hpp"
#include "base/random.hpp"
#include "tensor/arena.hpp"
#include "tensor/bottleneck_shape.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

constexpr double epsilon = 1e-3;
using Numbers = std::vector<double>;
using Results = std::map<std::string, Numbers>;

struct Block {
  std::int64_t n, h, w, in, expanded, out;
  int stride;
  bool residual = false;
  std::int64_t kernel = 1;  ///< of the expansion
  int expand_stride = 1;

  std::int64_t wide() const { return expanded ? expanded : in; }
  std::int64_t out_h() const { return ((h + expand_stride - 1) / expand_stride + stride - 1) / stride; }
  std::int64_t out_w() const { return ((w + expand_stride - 1) / expand_stride + stride - 1) / stride; }
  std::string name() const {
    std::string text;
    for (const std::int64_t number : {n, h, w, in, expanded, out}) text += std::to_string(number) + " ";
    if (kernel > 1) text += "by " + std::to_string(kernel) + " " + std::to_string(expand_stride) + " ";
    return text + "stride " + std::to_string(stride) + (residual ? ", residual" : "");
  }
};

/// What is hard about the operands.
enum class Kind { plain, far_means, nearly_constant, gamma_zero };

/// Operands from the seed alone, the filters with `extra` unused rows and columns around them.
class Operands {
 public:
  Operands(Backend& backend, std::int64_t extra) : backend_(backend), arena_(backend), extra_(extra) {}

  Arena& arena() { return arena_; }
  View view(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, const Numbers& numbers) {
    const View view = arena_.take(n, h, w, c);
    upload_numbers(backend_, numbers, view);
    return view;
  }
  View view(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
    return view(n, h, w, c, Numbers(static_cast<std::size_t>(n * h * w * c), gap));
  }
  View vector(const Numbers& numbers) { return view(1, 1, 1, static_cast<std::int64_t>(numbers.size()), numbers); }
  Filter filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, const Numbers& numbers) {
    const std::int64_t row = out + extra_, tap = (in + (in > 1 ? extra_ : 0)) * row;
    Numbers all(static_cast<std::size_t>(h * w * tap), gap);
    for (std::int64_t i = 0; i < h * w * in; ++i)
      for (std::int64_t o = 0; o < out && !numbers.empty(); ++o)
        all[static_cast<std::size_t>(i / in * tap + i % in * row + o)] = numbers[static_cast<std::size_t>(i * out + o)];
    Filter filter = dense_filter(backend_.weight_type(), nullptr, h, w, in, out);
    filter.tap_stride = tap;
    filter.row_stride = row;
    filter.data = vector(all).data;
    return filter;
  }
  Numbers numbers(const View& view) const {
    Numbers all;
    download_numbers(backend_, view, all);
    return all;
  }
  /// Those of a filter; its gaps must be as they were.
  Numbers numbers(const Filter& filter) const {
    const Numbers all = numbers(vector_view(filter.type, filter.data, filter.h * filter.w * filter.tap_stride));
    Numbers inside;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i) % filter.tap_stride;
      if (at / filter.row_stride < filter.in && at % filter.row_stride < filter.out) inside.push_back(all[i]);
      else BOOST_REQUIRE_EQUAL(all[i], gap);
    }
    return inside;
  }

 private:
  static constexpr double gap = 12345;
  Backend& backend_;
  Arena arena_;
  std::int64_t extra_;
};

/// Single-precision numbers, so that both sides have the same.
class Drawn {
 public:
  Drawn(const Block& s, Kind kind) : random_(3, "fused block " + s.name()), kind_(kind), s_(s) {}

  Numbers uniform(std::int64_t count, double low, double high) {
    Numbers numbers;
    for (std::int64_t i = 0; i < count; ++i)
      numbers.push_back(static_cast<double>(static_cast<float>(random_.uniform(low, high))));
    return numbers;
  }
  Numbers input() {
    Numbers x = uniform(s_.n * s_.h * s_.w * s_.in, -1, 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::int64_t c = static_cast<std::int64_t>(i) % s_.in;
      if (kind_ == Kind::far_means) x[i] += 60;  // a hundred deviations
      if (kind_ == Kind::nearly_constant && c % 3 == 0) x[i] = 5 + x[i] / 1024;
      x[i] = static_cast<double>(static_cast<float>(x[i]));
    }
    return x;
  }
  Numbers filter(std::int64_t taps, std::int64_t in, std::int64_t out) {
    const double bound = std::sqrt(3.0 / static_cast<double>(taps * in));
    Numbers w = uniform(taps * in * out, -bound, bound);
    if (kind_ != Kind::nearly_constant) return w;
    for (std::size_t i = 0; i < w.size(); ++i)
      if (static_cast<std::int64_t>(i) % out % 4 == 1) w[i] /= 4096;
    return w;
  }
  Numbers gamma(std::int64_t count) {
    Numbers gamma = uniform(count, 0.5, 1.5);
    if (kind_ == Kind::gamma_zero)
      for (std::size_t c = 0; c < gamma.size(); c += 3) gamma[c] = 0;
    return gamma;
  }

 private:
  Random random_;
  Kind kind_;
  Block s_;
};

BatchNormWeights normalization(Operands& operands, Drawn& drawn, std::int64_t channels) {
  const View gamma = operands.vector(drawn.gamma(channels)), beta = operands.vector(drawn.uniform(channels, -1, 2));
  return {gamma, beta, gamma, gamma};
}

BottleneckWeights weights_of(Operands& operands, Drawn& drawn, const Block& s) {
  BottleneckWeights weights;
  if (s.expanded) {
    const std::int64_t taps = s.kernel * s.kernel;
    weights.expand = operands.filter(s.kernel, s.kernel, s.in, s.expanded, drawn.filter(taps, s.in, s.expanded));
    weights.bn1 = normalization(operands, drawn, s.expanded);
  }
  weights.depthwise = operands.filter(3, 3, 1, s.wide(), drawn.filter(9, 1, s.wide()));
  weights.bn2 = normalization(operands, drawn, s.wide());
  weights.project = operands.filter(1, 1, s.wide(), s.out, drawn.filter(1, s.wide(), s.out));
  weights.bn3 = normalization(operands, drawn, s.out);
  weights.stride = s.stride;
  weights.residual = s.residual;
  weights.expand_stride = s.expand_stride;
  return weights;
}

Results run(Backend& backend, const Block& s, Kind kind, std::int64_t extra = 0) {
  Operands operands(backend, extra);
  Drawn drawn(s, kind);
  const View x = operands.view(s.n, s.h, s.w, s.in, drawn.input()), dx = operands.view(s.n, s.h, s.w, s.in);
  const View y = operands.view(s.n, s.out_h(), s.out_w(), s.out);
  const View dy = operands.view(y.n, y.h, y.w, y.c, drawn.uniform(y.size(), -1, 1));
  const BottleneckWeights weights = weights_of(operands, drawn, s);
  BottleneckGradients gradients;
  const auto vectors = [&](std::int64_t channels) {
    const View gamma = operands.view(1, 1, 1, channels);
    return BatchNormGradients{gamma, operands.view(1, 1, 1, channels)};
  };
  if (s.expanded) {
    gradients.expand = operands.filter(1, 1, s.in, s.expanded, {});
    gradients.bn1 = vectors(s.expanded);
  }
  gradients.depthwise = operands.filter(3, 3, 1, s.wide(), {});
  gradients.bn2 = vectors(s.wide());
  gradients.project = operands.filter(1, 1, s.wide(), s.out, {});
  gradients.bn3 = vectors(s.out);
  BottleneckSaved saved;
  backend.bottleneck_training(x, weights, epsilon, operands.arena(), y, saved);
  backend.bottleneck_backward(x, dy, weights, epsilon, saved, operands.arena(), dx, gradients);

  Results results;
  const auto add = [&](const std::string& name, const auto& operand) { results[name] = operands.numbers(operand); };
  const auto add_norm = [&](const std::string& name, const BatchNormStatistics& statistics,
                            const BatchNormGradients& gradient) {
    add(name + " mean", statistics.mean);
    add(name + " variance", statistics.variance);
    add(name + " gamma", gradient.gamma);
    add(name + " beta", gradient.beta);
  };
  add("y", y);
  add("dx", dx);
  if (s.expanded) {
    add("expand", gradients.expand);
    add_norm("bn1", saved.bn1, gradients.bn1);
  }
  add("depthwise", gradients.depthwise);
  add_norm("bn2", saved.bn2, gradients.bn2);
  add("project", gradients.project);
  add_norm("bn3", saved.bn3, gradients.bn3);
  return results;
}

/// With the running statistics that normalization() gave, folded.
Numbers infer(Backend& backend, const Block& s, std::int64_t extra = 0) {
  Operands operands(backend, extra);
  Drawn drawn(s, Kind::plain);
  const View x = operands.view(s.n, s.h, s.w, s.in, drawn.input());
  const BottleneckWeights weights = weights_of(operands, drawn, s);
  const View y = operands.view(s.n, s.out_h(), s.out_w(), s.out);
  const FoldedBottleneck folded = backend.fold_bottleneck(weights, epsilon, operands.arena());
  backend.bottleneck_inference(x, folded, operands.arena(), y);
  return operands.numbers(y);
}

/// Of the root of the sum of squares: units within rounding of a kink of ReLU6 may be on its other side.
double distance(const Numbers& got, const Numbers& wanted, double least) {
  BOOST_REQUIRE_EQUAL(got.size(), wanted.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += (got[i] - wanted[i]) * (got[i] - wanted[i]);
    size += wanted[i] * wanted[i];
  }
  return std::sqrt(difference) / std::max(std::sqrt(size), least * std::sqrt(static_cast<double>(got.size())));
}

void compare(const std::string& instruction_set, const Block& s, Kind kind, double bound, double gradient_bound) {
  const auto reference = make_reference_backend(Type::f64);
  const Results wanted = run(*reference, s, kind), got = run(*make_cpu_backend(2, instruction_set), s, kind, 3);
  const double gradient_scale = std::sqrt(static_cast<double>(s.n * s.out_h() * s.out_w()));
  for (const auto& [name, numbers] : wanted) {
    const bool output = name == "y" || name.ends_with("mean") || name.ends_with("variance");
    // A gradient by what a normalization hides is rounding: beside sums over all pixels it is nothing.
    const double least = output ? 1e-3 : name == "dx" ? 0.01 : 0.01 * gradient_scale;
    const double error = distance(got.at(name), numbers, least);
    BOOST_TEST(error <= (output ? bound : gradient_bound), s.name() << ", " << name << ": " << error);
  }
}

BottleneckShape::Expansion expansion_of(const Block& s) {
  const View x{Type::f32, nullptr, s.n, s.h, s.w, s.in};
  std::byte memory{};
  Filter expand = dense_filter(Type::f32, s.expanded ? &memory : nullptr, 1, 1, s.in, s.expanded);
  return BottleneckShape(x, expand, dense_filter(Type::f32, &memory, 3, 3, 1, s.wide()),
                         dense_filter(Type::f32, &memory, 1, 1, s.wide(), s.out), s.stride)
      .expansion;
}

// Groups of images with a last that is smaller, units of several groups, bands of rows, one plane to many, channels to a
// whole vector and beyond.
const std::vector<Block> blocks{{1, 1, 1, 4, 24, 8, 1},          {3, 5, 7, 4, 24, 4, 1, true},
                                {17, 4, 4, 12, 72, 12, 1, true}, {9, 3, 3, 20, 120, 36, 2},
                                {2, 13, 9, 8, 48, 12, 2},        {2, 29, 27, 4, 24, 8, 1},
                                {1, 31, 26, 12, 72, 16, 2},      {2, 26, 31, 16, 96, 20, 2},
                                {2, 7, 7, 56, 336, 56, 1, true}, {19, 2, 3, 33, 50, 49, 1},
                                {2, 33, 30, 16, 0, 8, 1},        {3, 9, 9, 20, 0, 20, 1, true},
                                {2, 10, 7, 12, 0, 100, 2},       {1, 8, 8, 100, 600, 64, 2},
                                {33, 3, 3, 8, 48, 8, 1, true},   {8, 9, 9, 24, 144, 24, 1, true},
                                {7, 28, 27, 12, 72, 20, 2},      {9, 11, 12, 20, 120, 20, 1, true},
                                {13, 8, 7, 4, 24, 4, 1, true},   {18, 35, 37, 8, 48, 12, 2},
                                {16, 37, 38, 8, 48, 8, 1, true}, {12, 41, 39, 12, 72, 12, 1, true},
                                {67, 10, 15, 8, 48, 8, 1, true}, {37, 14, 15, 16, 0, 12, 2},
                                {34, 14, 15, 48, 72, 16, 1},     {3, 17, 15, 32, 0, 20, 1}};

// Odd and even sizes, windows larger than the map, channels of part of a plane and of several groups of planes.
const std::vector<Block> expanded_by_convolution{
    {2, 96, 90, 3, 32, 16, 1, false, 3, 2},  {3, 33, 35, 1, 16, 8, 1, false, 3, 2},
    {19, 7, 6, 1, 12, 8, 1, false, 3, 2},    {17, 1, 1, 3, 4, 4, 1, false, 3, 2},
    {1, 64, 51, 3, 100, 24, 2, false, 3, 2}, {2, 15, 14, 4, 52, 12, 2, false, 5, 1},
    {1, 2, 3, 2, 24, 40, 1, false, 5, 3},    {16, 50, 49, 3, 48, 56, 1, false, 2, 2}};

}  // namespace

BOOST_AUTO_TEST_SUITE(fused_block)

BOOST_AUTO_TEST_CASE(the_blocks_have_every_expansion) {
  std::set<BottleneckShape::Expansion> all;
  for (const Block& s : blocks) all.insert(expansion_of(s));
  BOOST_TEST(all.size() == 3u);
}

FOR_EACH_INSTRUCTION_SET(is_the_composition) {
  for (const Block& s : blocks) compare(instruction_set, s, Kind::plain, 1e-5, 2e-3);
}

BOOST_AUTO_TEST_SUITE(other_values, *boost::unit_test::label("slow"))

// Means of a hundred deviations cost two of seven digits in the products themselves, so that units are on the other side
// of a kink: one is a hundredth of the sums over a map of few pixels.
FOR_EACH_INSTRUCTION_SET(is_the_composition_far_from_zero) {
  for (const Block& s : blocks) compare(instruction_set, s, Kind::far_means, 1e-4, 3e-2);
}

FOR_EACH_INSTRUCTION_SET(is_the_composition_with_constant_channels) {
  for (const Block& s : blocks) compare(instruction_set, s, Kind::nearly_constant, 2e-5, 5e-3);
}

FOR_EACH_INSTRUCTION_SET(is_the_composition_with_gamma_zero) {
  for (const Block& s : blocks) compare(instruction_set, s, Kind::gamma_zero, 1e-5, 2e-3);
}

BOOST_AUTO_TEST_SUITE_END()

// Those, and maps that are done in bands and slabs of rows.
FOR_EACH_INSTRUCTION_SET(inference_is_the_composition) {
  std::vector<Block> all = blocks;
  for (const Block& s : {Block{2, 57, 50, 16, 96, 24, 2},
                         {1, 113, 60, 16, 96, 24, 2},
                         {3, 50, 49, 24, 144, 24, 1, true},
                         {17, 49, 50, 20, 120, 36, 1},
                         {16, 60, 62, 32, 0, 16, 1},
                         {1, 64, 90, 24, 144, 32, 2}})
    all.push_back(s);
  for (const Block& s : expanded_by_convolution) all.push_back(s);
  const auto reference = make_reference_backend(Type::f64);
  for (const Block& s : all) {
    const Numbers wanted = infer(*reference, s), got = infer(*make_cpu_backend(1, instruction_set), s);
    BOOST_TEST(distance(got, wanted, 1e-3) < 1e-6, s.name());
    for (const int threads : {2, 5}) BOOST_TEST((infer(*make_cpu_backend(threads, instruction_set), s, 4) == got));
  }
}

BOOST_AUTO_TEST_SUITE(any_number_of_threads, *boost::unit_test::label("threads"))

FOR_EACH_INSTRUCTION_SET(is_the_same_with_any_gaps) {
  for (const Block& s : blocks) {
    const Results once = run(*make_cpu_backend(1, instruction_set), s, Kind::plain);
    for (const int threads : thread_counts({2, 3, 4, 7}))
      BOOST_TEST((run(*make_cpu_backend(threads, instruction_set), s, Kind::plain, threads) == once), s.name());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
