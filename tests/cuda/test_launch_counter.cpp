// The counted launches against those of the launchers, on the emulation: as many, of the same grids, and the memory that
// their threads touch. What a model makes of them.
#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "cuda/cuda.hpp"
#include "cuda/machine.hpp"
#include "launch_log.hpp"
#include "nn/cost.hpp"
#include "nn/mobilenet_v2.hpp"
#include "nn/steps.hpp"
#include "tensor/arena.hpp"
#include "tensor/tensor.hpp"

using namespace danas;
using cuda::KernelLaunch;
using cuda::LaunchCounter;
using emulation::LaunchLog;

namespace {

/// Operands of one operation, each in memory of its own.
class Operands {
 public:
  explicit Operands(Backend& backend) : backend_(backend) {}

  Backend& backend() const { return backend_; }
  View view(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
    return keep(Tensor(backend_, n, h, w, c));
  }
  View vector(std::int64_t c) { return view(1, 1, 1, c); }
  View doubles(std::int64_t n, std::int64_t c) { return keep(Tensor(backend_, View{Type::f64, nullptr, n, 1, 1, c})); }
  View labels(std::int64_t n) {
    return keep(upload_labels(backend_, std::vector<std::int32_t>(static_cast<std::size_t>(n), 1)));
  }
  View counter() { return keep(Tensor(backend_, View{Type::i32, nullptr, 1, 1, 1, 1})); }
  Filter filter(std::int64_t k, std::int64_t in, std::int64_t out) {
    return dense_filter(Type::f32, vector(k * k * in * out).data, k, k, in, out);
  }
  BatchNormWeights normalization(std::int64_t c) { return {vector(c), vector(c), vector(c), vector(c)}; }
  BatchNormStatistics statistics(std::int64_t c) { return {vector(c), vector(c)}; }
  StepRates rates() { return {doubles(1, 2), counter()}; }

 private:
  View keep(Tensor tensor) { return tensors_.emplace_back(std::move(tensor)).view(); }

  Backend& backend_;
  std::vector<Tensor> tensors_;
};

/// Takes operands, then has the backend do the operation in the function that comes back.
using Operation = std::function<std::function<void()>(Operands&)>;

constexpr std::int64_t n = 3, side = 26, c = 72, o = 40;  // several parts of the rows, of the channels, ragged ends
constexpr double epsilon = 1e-3;

std::function<void()> convolution(Operands& of, std::int64_t k, std::int64_t in, std::int64_t out, int stride) {
  const Geometry geometry{stride, Padding::same};
  const std::int64_t small = output_size(side, k, geometry);
  const View x = of.view(n, side, side, in), y = of.view(n, small, small, out), bias = of.vector(out);
  const View dx = of.view(n, side, side, in);
  const Filter w = of.filter(k, in, out), dw = of.filter(k, in, out);
  return [=, &backend = of.backend()] {
    backend.convolution(x, w, geometry, bias, Activation::relu6, y);
    backend.convolution_backward_input(y, w, geometry, dx);
    backend.convolution_backward_filter(x, y, geometry, dw);
  };
}

std::function<void()> depthwise(Operands& of, std::int64_t k, int stride) {
  const Geometry geometry{stride, Padding::same};
  const std::int64_t small = output_size(side, k, geometry);
  const View x = of.view(n, side, side, c), y = of.view(n, small, small, c), bias = of.vector(c);
  const View dx = of.view(n, side, side, c);
  const Filter w = of.filter(k, 1, c), dw = of.filter(k, 1, c);
  return [=, &backend = of.backend()] {
    backend.depthwise(x, w, geometry, bias, Activation::relu6, y);
    backend.depthwise_backward_input(y, w, geometry, dx);
    backend.depthwise_backward_filter(x, y, geometry, dw);
  };
}

std::function<void()> normalization(Operands& of, Activation act) {
  const View x = of.view(n, side, side, c), y = of.view(n, side, side, c), dx = of.view(n, side, side, c);
  const View dy = of.view(n, side, side, c);
  const BatchNormWeights weights = of.normalization(c);
  const BatchNormStatistics statistics = of.statistics(c);
  const BatchNormGradients gradients{of.vector(c), of.vector(c)};
  const PooledMoments pooled{of.doubles(1, c), of.doubles(1, c), of.doubles(1, 1)};
  const Filter w = of.filter(5, 16, c), folded = of.filter(5, 16, c);
  const View bias = of.vector(c);
  return [=, &backend = of.backend()] {
    backend.batch_norm_training(x, weights, epsilon, act, y, statistics);
    backend.batch_norm_backward(x, y, dy, weights, statistics, epsilon, act, dx, gradients);
    backend.batch_norm_inference(x, weights, epsilon, act, y);
    backend.update_running_statistics(statistics, 0.9, weights);
    backend.accumulate_moments(statistics, x.rows(), pooled);
    backend.store_moments(pooled, weights);
    backend.fold_batch_norm(w, weights, epsilon, folded, bias);
  };
}

std::function<void()> elementwise(Operands& of) {
  const View a = of.view(n, side, side, c), b = of.view(n, side, side, c), y = of.view(n, side, side, c);
  const View pooled = of.view(n, 1, 1, c), bias = of.vector(c);
  return [=, &backend = of.backend()] {
    backend.activation(a, Activation::relu, y);
    backend.activation_backward(a, b, Activation::relu, y);
    backend.add(a, b, y);
    backend.accumulate(a, 0.5, y);
    backend.global_average_pool(a, pooled);
    backend.global_average_pool_backward(pooled, a);
    backend.bias_backward(a, bias);
  };
}

std::function<void()> loss(Operands& of) {
  constexpr std::int64_t rows = 300, classes = 90;
  const View logits = of.view(rows, 1, 1, classes), probabilities = of.view(rows, 1, 1, classes);
  const View labels = of.labels(rows), sums = of.doubles(1, 2);
  const PredictionCounts counts{of.doubles(classes, classes), of.doubles(1, 1)};
  return [=, &backend = of.backend()] {
    backend.softmax_cross_entropy(logits, labels, probabilities, sums);
    backend.softmax_cross_entropy_backward(probabilities, labels, {}, logits);
    backend.count_predictions(logits, labels, counts);
  };
}

std::function<void()> optimizers(Operands& of) {
  const Filter w = filter_of(of.vector(60000)), g = filter_of(of.vector(60000)), m = filter_of(of.vector(60000)),
               v = filter_of(of.vector(60000));
  const StepRates rates = of.rates();
  return [=, &backend = of.backend()] {
    backend.sgd_step(w, g, v, rates, 0.9, 0);
    backend.adam_step(w, g, m, v, rates, {});
    backend.next_step(rates.counter);
  };
}

// Rows with gaps between them, and shorter last vectors; so few that the gaps are within a page.
std::function<void()> slice_updates(Operands& of) {
  const auto slice = [&] {
    Filter filter = of.filter(3, 6, 70);
    filter.in = 5;
    filter.out = 66;
    return filter;
  };
  const Filter w = slice(), g = slice(), m = slice(), v = slice();
  const StepRates rates = of.rates();
  return [=, &backend = of.backend()] {
    backend.sgd_step(w, g, v, rates, 0.9, 0);
    backend.adam_step(w, g, m, v, rates, {});
  };
}

/// Forward and backward, with memory from an arena of its own.
std::function<void()> block(Operands& of, std::int64_t in, std::int64_t expanded, std::int64_t out, int stride,
                            bool residual) {
  const Geometry geometry{stride, Padding::same};
  const std::int64_t wide = expanded > 0 ? expanded : in, small = output_size(side, 3, geometry);
  const View x = of.view(n, side, side, in), y = of.view(n, small, small, out), dx = of.view(n, side, side, in);
  const View dy = of.view(n, small, small, out);
  BottleneckWeights weights;
  BottleneckGradients gradients;
  if (expanded > 0) {
    weights.expand = of.filter(1, in, wide);
    weights.bn1 = of.normalization(wide);
    gradients.expand = of.filter(1, in, wide);
    gradients.bn1 = {of.vector(wide), of.vector(wide)};
  }
  weights.depthwise = of.filter(3, 1, wide);
  weights.bn2 = of.normalization(wide);
  weights.project = of.filter(1, wide, out);
  weights.bn3 = of.normalization(out);
  weights.stride = stride;
  weights.residual = residual;
  gradients.depthwise = of.filter(3, 1, wide);
  gradients.bn2 = {of.vector(wide), of.vector(wide)};
  gradients.project = of.filter(1, wide, out);
  gradients.bn3 = {of.vector(out), of.vector(out)};
  const auto arena = std::make_shared<Arena>(of.backend());
  arena->reserve(64 << 20);
  return [=, &backend = of.backend()] {
    BottleneckSaved saved;
    backend.bottleneck_training(x, weights, epsilon, *arena, y, saved);
    backend.bottleneck_backward(x, dy, weights, epsilon, saved, *arena, dx, gradients);
  };
}

std::function<void()> normalized_convolution(Operands& of, std::int64_t k, std::int64_t in, bool wants_dx) {
  const Geometry geometry{k == 1 ? 1 : 2, Padding::same};
  const std::int64_t small = output_size(side, k, geometry);
  const View x = of.view(n, side, side, in), y = of.view(n, small, small, c), dy = of.view(n, small, small, c);
  const View dx = wants_dx ? of.view(n, side, side, in) : View{};
  const Filter w = of.filter(k, in, c), dw = of.filter(k, in, c);
  const BatchNormWeights weights = of.normalization(c);
  const BatchNormGradients gradients{of.vector(c), of.vector(c)};
  const auto arena = std::make_shared<Arena>(of.backend());
  arena->reserve(64 << 20);
  return [=, &backend = of.backend()] {
    ConvolutionSaved saved;
    backend.normalized_convolution_training(x, w, geometry, weights, epsilon, Activation::relu6, *arena, y, saved);
    backend.normalized_convolution_backward(x, y, dy, w, geometry, weights, epsilon, Activation::relu6, saved, *arena,
                                            dx, dw, gradients);
  };
}

const std::map<std::string, Operation> operations{
    {"block", [](Operands& of) { return block(of, o, 200, o, 1, true); }},
    {"block, stride 2", [](Operands& of) { return block(of, 16, c, 24, 2, false); }},
    {"block that does not expand", [](Operands& of) { return block(of, c, 0, 16, 1, false); }},
    {"normalized 1x1", [](Operands& of) { return normalized_convolution(of, 1, o, true); }},
    {"normalized 3x3", [](Operands& of) { return normalized_convolution(of, 3, 3, false); }},
    {"normalized 3x3 with all gradients", [](Operands& of) { return normalized_convolution(of, 3, 8, true); }},
    {"1x1", [](Operands& of) { return convolution(of, 1, c, o, 1); }},
    {"wide 1x1", [](Operands& of) { return convolution(of, 1, 24, 200, 1); }},
    {"3x3", [](Operands& of) { return convolution(of, 3, 8, o, 2); }},
    {"depthwise", [](Operands& of) { return depthwise(of, 3, 1); }},
    {"depthwise, stride 2", [](Operands& of) { return depthwise(of, 5, 2); }},
    {"normalization", [](Operands& of) { return normalization(of, Activation::relu6); }},
    {"linear normalization", [](Operands& of) { return normalization(of, Activation::none); }},
    {"elementwise", elementwise},
    {"loss", loss},
    {"optimizers", optimizers},
    {"updates of slices", slice_updates}};

std::vector<KernelLaunch> counted(const Operation& operation) {
  LaunchCounter counter(Precision::f32);
  Operands operands(counter);
  const auto run = operation(operands);
  counter.forget();
  run();
  return counter.launches();
}

/// What the emulation saw of it.
std::vector<emulation::LoggedLaunch> seen(const Operation& operation) {
  LaunchLog log(emulation::can_watch_pages() ? LaunchLog::Pages::watched : LaunchLog::Pages::unwatched);
  const auto backend = make_cuda_backend(0);
  Operands operands(*backend);
  const auto run = operation(operands);
  log.forget();
  run();
  const Tensor waits(*backend, 1, 1, 1, 1);
  std::vector<double> ignored;
  download_numbers(*backend, waits.view(), ignored);
  return log.launches();
}

// A page holds what is not touched, too: one more for each of at most so many operands.
void check_bytes(const std::string& what, double touched, double bytes) {
  constexpr double operands = 9, page = 4096;
  BOOST_TEST(touched >= bytes, what << ": " << bytes << " counted, " << touched << " touched");
  BOOST_TEST(touched <= bytes + operands * page, what << ": " << bytes << " counted, " << touched << " touched");
}

/// A training step of a small supernet; the grids of its launches.
void run_step(Backend& backend, const std::function<void()>& begins) {
  const LayerList layers = with_exit_heads(slice_layers(mobilenet_v2({32, 32, 3}, 0.35, 2), {{2, 2, 0, 0, 0}, 1.0}));
  const Network network(backend, layers, 3);
  TrainingSettings settings;
  Optimizer optimizer(backend, network, settings);
  optimizer.plan(0, 1);
  const Tensor images(backend, 4, 32, 32, 3), labels = upload_labels(backend, std::vector<std::int32_t>{0, 1, 1, 0});
  Arena arena(backend);
  TrainingStep step(arena, network, optimizer, 0.9);
  begins();
  step.run({images.view(), labels.view(), 2});
  std::vector<double> ignored;
  download_numbers(backend, labels.view(), ignored);
}

const KernelLaunch large_pass{.operation = "add", .kernel = "add", .blocks = 8192, .read = 2e9, .written = 1e9};

}  // namespace

BOOST_AUTO_TEST_SUITE(launch_counter)

BOOST_AUTO_TEST_CASE(launches_are_those_of_the_launchers) {
  for (const auto& [name, operation] : operations) {
    const std::vector<KernelLaunch> counts = counted(operation);
    const auto launches = seen(operation);
    BOOST_TEST_REQUIRE(counts.size() == launches.size(), name);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::string what = name + ", " + counts[i].operation + ", " + counts[i].kernel;
      BOOST_TEST(counts[i].blocks == launches[i].blocks, what);
      if (!emulation::can_watch_pages()) continue;
      check_bytes(what + ", read", launches[i].read, counts[i].read);
      check_bytes(what + ", written", launches[i].written, counts[i].written);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_step_is_that_of_the_backend) {
  for (const Precision precision : {Precision::f32, Precision::f16, Precision::bf16}) {
    LaunchCounter counter(precision);
    run_step(counter, [&] { counter.forget(); });
    std::vector<double> wanted, got;
    {
      LaunchLog log(LaunchLog::Pages::unwatched);
      const auto backend = make_cuda_backend(0, activation_type(precision));
      run_step(*backend, [&] { log.forget(); });
      for (const auto& launch : log.launches()) wanted.push_back(launch.blocks);
    }
    for (const KernelLaunch& launch : counter.launches()) got.push_back(launch.blocks);
    BOOST_TEST(got == wanted, boost::test_tools::per_element());
  }
}

// An extra pass over a tensor: the figures rise by its bytes, twice, and the time by what they take.
BOOST_AUTO_TEST_CASE(an_extra_pass_is_seen) {
  for (const Precision precision : {Precision::f32, Precision::f16}) {
    LaunchCounter counter(precision);
    const Tensor x(counter, 64, 112, 112, 96), y(counter, 64, 112, 112, 96);
    const auto step = [&](int passes) {
      counter.forget();
      for (int i = 0; i < passes; ++i) counter.add(x.view(), x.view(), y.view());
      return cuda::model(counter.launches(), cuda::rates_of(Machine::v100), precision);
    };
    const double bytes = 3 * static_cast<double>(x.size()) * (precision == Precision::f32 ? 4 : 2);
    const cuda::ModeledStep before = step(2), after = step(3);
    BOOST_TEST(after.bytes - before.bytes == bytes);
    BOOST_TEST(after.launches - before.launches == 1);
    BOOST_TEST(after.with_graph() - before.with_graph() == bytes / (0.8 * 900e9) + 1e-6,
               boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(a_kernel_takes_its_longest_limit) {
  const cuda::MachineRates& v100 = cuda::rates_of(Machine::v100);
  KernelLaunch launch = large_pass;
  const auto time = [&](Precision precision) { return cuda::kernel_time(launch, v100, precision); };
  BOOST_TEST(time(Precision::f32).bound() == std::string("memory"));
  BOOST_TEST(time(Precision::f32).seconds() == 3e9 / (0.8 * 900e9), boost::test_tools::tolerance(1e-12));
  launch.flop = 1e12;
  BOOST_TEST(time(Precision::f32).bound() == std::string("arithmetic"));
  BOOST_TEST(time(Precision::f16).seconds() == 1e12 / (0.75 * 15.7e12), boost::test_tools::tolerance(1e-12));
  launch.product = true;
  BOOST_TEST(time(Precision::f32).seconds() == 1e12 / (0.75 * 15.7e12), boost::test_tools::tolerance(1e-12));
  BOOST_TEST(time(Precision::f16).seconds() == 1e12 / (0.5 * 125e12), boost::test_tools::tolerance(1e-12));
  launch.blocks = 8;  // of 80 multiprocessors
  BOOST_TEST(time(Precision::f16).arithmetic == 1e13 / (0.5 * 125e12), boost::test_tools::tolerance(1e-12));
  BOOST_TEST(time(Precision::f16).memory == 3e9 / (0.4 * 0.8 * 900e9), boost::test_tools::tolerance(1e-12));
  launch.rounds = 1e6;
  BOOST_TEST(time(Precision::f16).bound() == std::string("latency"));
}

// Tiles that sweep a tensor again find it in the cache, or not.
BOOST_AUTO_TEST_CASE(what_no_cache_holds_is_read_again) {
  const KernelLaunch launch{.operation = "convolution", .read = 8e6, .swept = 7e6, .sweeps = 3, .written = 1e6};
  BOOST_TEST(cuda::moved_bytes(launch, cuda::rates_of(Machine::v100)) == 23e6);
  BOOST_TEST(cuda::moved_bytes(launch, cuda::rates_of(Machine::h100)) == 9e6);
}

BOOST_AUTO_TEST_CASE(without_graphs_the_host_may_be_the_slower) {
  const cuda::ModeledStep busy{1e-3, 100, 0, 0}, idle{1e-4, 100, 0, 0};
  BOOST_TEST(busy.without_graph() == busy.with_graph());
  BOOST_TEST(idle.without_graph() == 100 * cuda::host_launch);
  BOOST_CHECK_THROW(cuda::check_precision(Machine::v100, Precision::bf16), Error);
  BOOST_CHECK_NO_THROW(cuda::check_precision(Machine::h100, Precision::bf16));
}

BOOST_AUTO_TEST_SUITE_END()
