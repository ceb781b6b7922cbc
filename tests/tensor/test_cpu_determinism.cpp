// The CPU backend gives the same bits on any number of threads and whatever the leading dimensions of a filter, and
// leaves the gaps of a filter alone, with every instruction set of this machine.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "backends.hpp"
#include "base/random.hpp"

namespace {

using namespace danas;

constexpr float gap = 12345;

/// Operands of one run: numbers from the seed alone, filters with `extra` unused columns and rows around them.
class Operands {
 public:
  explicit Operands(std::int64_t extra) : extra_(extra), random_(7, "determinism") {}

  View view(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
    View view{Type::f32, nullptr, n, h, w, c};
    view.data = take(static_cast<std::size_t>(view.size()));
    for (std::int64_t i = 0; i < view.size(); ++i) view.as<float>()[i] = static_cast<float>(random_.uniform(-1, 1));
    results_.push_back(view);
    return view;
  }

  View positive(std::int64_t c) {
    const View vector = view(1, 1, 1, c);
    for (std::int64_t i = 0; i < c; ++i) vector.as<float>()[i] += 1.5f;
    return vector;
  }

  Filter filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out) {
    Filter filter{Type::f32, nullptr, h, w, in, out, (in + extra_) * (out + extra_), out + extra_};
    const auto size = static_cast<std::size_t>(h * w * filter.tap_stride);
    filter.data = take(size);
    std::fill_n(filter.as<float>(), size, gap);
    each(filter, [&](float& element) { element = static_cast<float>(random_.uniform(-1, 1)); });
    filters_.push_back(filter);
    return filter;
  }

  /// All elements, without the gaps, which must be as they were.
  std::vector<float> content() const {
    std::vector<float> all;
    for (const View& view : results_) all.insert(all.end(), view.as<float>(), view.as<float>() + view.size());
    for (const Filter& filter : filters_) {
      std::int64_t gaps = 0;
      for (std::int64_t i = 0; i < filter.h * filter.w * filter.tap_stride; ++i) gaps += filter.as<float>()[i] == gap;
      BOOST_TEST(gaps == filter.h * filter.w * filter.tap_stride - filter.size());
      each(filter, [&](float& element) { all.push_back(element); });
    }
    return all;
  }

 private:
  template <class Body>
  static void each(const Filter& filter, const Body& body) {
    for (std::int64_t tap = 0; tap < filter.h * filter.w; ++tap)
      for (std::int64_t i = 0; i < filter.in; ++i)
        for (std::int64_t o = 0; o < filter.out; ++o)
          body(filter.as<float>()[tap * filter.tap_stride + i * filter.row_stride + o]);
  }

  float* take(std::size_t size) {
    memory_.emplace_back(size);
    return memory_.back().data();
  }

  std::int64_t extra_;
  Random random_;
  std::vector<std::vector<float>> memory_;
  std::vector<View> results_;
  std::vector<Filter> filters_;
};

using Case = std::function<void(Backend&, Operands&)>;

std::vector<float> run(const std::string& set, int threads, std::int64_t extra, const Case& body) {
  const auto backend = make_cpu_backend(threads, set);
  Operands operands(extra);
  body(*backend, operands);
  body(*backend, operands);  // again, with scratch memory that has been used
  return operands.content();
}

void check(const std::string& set, const Case& body) {
  const std::vector<float> once = run(set, 1, 0, body);
  BOOST_TEST_REQUIRE(!once.empty());
  const auto compare = [&](int threads, std::int64_t extra) {
    const std::vector<float> other = run(set, threads, extra, body);
    const bool equal =
        once.size() == other.size() && std::memcmp(once.data(), other.data(), once.size() * sizeof(float)) == 0;
    BOOST_TEST(equal, threads << " threads, " << extra << " columns beside");
  };
  for (const int threads : thread_counts({2, 4, 5, 7})) compare(threads, 0);
  if (!races_only) compare(1, 5);
  compare(3, 16);
}

struct Convolution {
  std::int64_t n, h, w, in, out, kernel;
  int stride;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(cpu_determinism, *boost::unit_test::label("threads"))

FOR_EACH_INSTRUCTION_SET(matmul) {
  for (const auto& [rows, in, out] : {std::tuple{1, 1, 1},
                                      {3, 7, 33},
                                      {129, 16, 96},
                                      {700, 96, 24},
                                      {2500, 24, 8},
                                      {1100, 48, 8},
                                      {40, 200, 100},
                                      {9, 320, 130},
                                      {3, 2500, 10},
                                      {5, 30, 1100}})
    check(instruction_set, [&](Backend& backend, Operands& operands) {
      const View x = operands.view(rows, 1, 1, in), y = operands.view(rows, 1, 1, out);
      const Filter w = operands.filter(1, 1, in, out), dw = operands.filter(1, 1, in, out);
      const View bias = operands.view(1, 1, 1, out), dx = operands.view(rows, 1, 1, in);
      backend.matmul(x, w, bias, Activation::relu6, y);
      backend.matmul_backward_input(y, w, dx);
      backend.matmul_backward_filter(x, y, dw);
      backend.bias_backward(y, bias);
    });
}

FOR_EACH_INSTRUCTION_SET(convolution) {
  for (const Convolution& c : {Convolution{1, 5, 7, 3, 8, 3, 2},
                               {3, 33, 31, 3, 16, 3, 2},
                               {2, 32, 32, 1, 8, 3, 2},
                               {2, 9, 9, 4, 17, 5, 1},
                               {4, 20, 20, 24, 12, 1, 1},
                               {2, 7, 8, 9, 33, 1, 2}})
    check(instruction_set, [&](Backend& backend, Operands& operands) {
      const Geometry geometry{c.stride, Padding::same};
      const View x = operands.view(c.n, c.h, c.w, c.in), dx = operands.view(c.n, c.h, c.w, c.in);
      const std::int64_t out_h = output_size(c.h, c.kernel, geometry), out_w = output_size(c.w, c.kernel, geometry);
      const View y = operands.view(c.n, out_h, out_w, c.out);
      const Filter w = operands.filter(c.kernel, c.kernel, c.in, c.out);
      const Filter dw = operands.filter(c.kernel, c.kernel, c.in, c.out);
      backend.convolution(x, w, geometry, {}, Activation::none, y);
      backend.convolution_backward_input(y, w, geometry, dx);
      backend.convolution_backward_filter(x, y, geometry, dw);
    });
}

FOR_EACH_INSTRUCTION_SET(depthwise) {
  for (const Convolution& c : {Convolution{1, 5, 7, 1, 8, 3, 1},
                               {3, 33, 31, 1, 24, 3, 2},
                               {2, 12, 12, 1, 100, 3, 1},
                               {5, 6, 6, 1, 33, 3, 2},
                               {2, 9, 9, 1, 17, 5, 1},
                               {4, 3, 3, 1, 48, 3, 1},
                               {2, 1, 1, 1, 16, 3, 1}})
    check(instruction_set, [&](Backend& backend, Operands& operands) {
      const Geometry geometry{c.stride, Padding::same};
      const View x = operands.view(c.n, c.h, c.w, c.out), dx = operands.view(c.n, c.h, c.w, c.out);
      const std::int64_t out_h = output_size(c.h, c.kernel, geometry), out_w = output_size(c.w, c.kernel, geometry);
      const View y = operands.view(c.n, out_h, out_w, c.out);
      const Filter w = operands.filter(c.kernel, c.kernel, 1, c.out);
      const Filter dw = operands.filter(c.kernel, c.kernel, 1, c.out);
      backend.depthwise(x, w, geometry, {}, Activation::relu6, y);
      backend.depthwise_backward_input(y, w, geometry, dx);
      backend.depthwise_backward_filter(x, y, geometry, dw);
    });
}

FOR_EACH_INSTRUCTION_SET(batch_norm) {
  for (const auto& [rows, channels] : {std::pair{1, 8}, {5, 3}, {4097, 4}, {9001, 24}, {3000, 96}, {700, 1000}})
    check(instruction_set, [&](Backend& backend, Operands& operands) {
      const View x = operands.view(rows, 1, 1, channels), y = operands.view(rows, 1, 1, channels);
      const View dx = operands.view(rows, 1, 1, channels);
      const BatchNormWeights weights = {operands.positive(channels), operands.view(1, 1, 1, channels),
                                        operands.view(1, 1, 1, channels), operands.positive(channels)};
      const BatchNormStatistics statistics = {operands.view(1, 1, 1, channels), operands.view(1, 1, 1, channels)};
      const BatchNormGradients gradients = {operands.view(1, 1, 1, channels), operands.view(1, 1, 1, channels)};
      backend.batch_norm_training(x, weights, 1e-3, Activation::relu6, y, statistics);
      backend.batch_norm_backward(x, y, x, weights, statistics, 1e-3, Activation::relu6, dx, gradients);
      backend.batch_norm_inference(x, weights, 1e-3, Activation::sigmoid, y);
    });
}

FOR_EACH_INSTRUCTION_SET(images) {
  std::vector<std::uint8_t> pixels(61 * 47 * 3);
  Random random(1, "pixels");
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(random.below(256));
  check(instruction_set, [&](Backend& backend, Operands& operands) {
    const std::vector<Image> images(5, {pixels.data(), 61, 47, 3});
    const std::vector<Crop> crops = {{0, 0, 61, 47, false},
                                     {3, 5, 40, 40, true},
                                     {60, 46, 1, 1, false},
                                     {0, 7, 61, 1, true},
                                     {10, 0, 32, 32, false}};
    for (const int channels : {1, 3}) backend.augment(images, crops, operands.view(5, 32, 32, channels));
  });
}

BOOST_AUTO_TEST_CASE(unknown_instruction_set) {
  BOOST_CHECK_THROW(make_cpu_backend(1, "mmx"), Error);
  BOOST_CHECK_THROW(make_cpu_backend(-1), Error);
  BOOST_TEST(make_cpu_backend(2, "portable")->name() == "cpu portable, 2 threads");
  BOOST_TEST(make_cpu_backend(1, "portable")->name() == "cpu portable, 1 thread");
}

BOOST_AUTO_TEST_SUITE_END()
