// Steps as programs: what a backend that captures a step once, and launches that from then on, relies on.
#include <boost/test/unit_test.hpp>

#include "nn/cost.hpp"
#include "support.hpp"
#include "tensor/cpu/cpu_backend.hpp"

using namespace danas;
using namespace danas::test;

namespace {

// Its programs must do the same in the same places at every run, allocate nothing and move nothing from or to the host.
class CapturingBackend : public cpu::CpuBackend {
 public:
  CapturingBackend() : CpuBackend(2, cpu::choose_kernels("portable")) {}

  int programs = 0, runs = 0, allocations = 0;

  std::unique_ptr<Program> record(std::function<void()> body) override {
    ++programs;
    return std::make_unique<Captured>(*this, std::move(body));
  }
  void* allocate(std::size_t bytes) override {
    BOOST_TEST(!running_);
    ++allocations;
    return CpuBackend::allocate(bytes);
  }
  void upload(const void* host, const View& to) override {
    BOOST_TEST(!running_);
    CpuBackend::upload(host, to);
  }
  void download(const View& from, void* host) override {
    BOOST_TEST(!running_);
    CpuBackend::download(from, host);
  }

  void convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                   const View& y) override {
    note({x.data, w.data, bias.data, y.data});
    CpuBackend::convolution(x, w, geometry, bias, act, y);
  }
  void convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) override {
    note({x.data, dy.data, dw.data});
    CpuBackend::convolution_backward_filter(x, dy, geometry, dw);
  }
  void depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                 const View& y) override {
    note({x.data, w.data, bias.data, y.data});
    CpuBackend::depthwise(x, w, geometry, bias, act, y);
  }
  void matmul(const View& x, const Filter& w, const View& bias, Activation act, const View& y) override {
    note({x.data, w.data, bias.data, y.data});
    CpuBackend::matmul(x, w, bias, act, y);
  }
  void batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                           const View& y, const BatchNormStatistics& statistics) override {
    note({x.data, weights.gamma.data, y.data, statistics.mean.data, statistics.variance.data});
    CpuBackend::batch_norm_training(x, weights, epsilon, act, y, statistics);
  }
  void normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                       const BatchNormWeights& weights, double epsilon, Activation act, Arena& arena,
                                       const View& y, ConvolutionSaved& saved) override {
    CpuBackend::normalized_convolution_training(x, w, geometry, weights, epsilon, act, arena, y, saved);
    note({x.data, w.data, weights.gamma.data, y.data, saved.statistics.mean.data});
  }
  void bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena, const View& y,
                           BottleneckSaved& saved) override {
    CpuBackend::bottleneck_training(x, weights, epsilon, arena, y, saved);
    note({x.data, y.data, saved.filtered.data, saved.projected.data});
  }
  void bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                           const BottleneckSaved& saved, Arena& arena, const View& dx,
                           const BottleneckGradients& gradients) override {
    note({x.data, dy.data, dx.data, gradients.project.data});
    CpuBackend::bottleneck_backward(x, dy, weights, epsilon, saved, arena, dx, gradients);
  }
  void bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y) override {
    note({x.data, block.packed.data, y.data});
    CpuBackend::bottleneck_inference(x, block, arena, y);
  }
  void accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows, const PooledMoments& pooled) override {
    note({batch.mean.data, pooled.mean.data, pooled.rows.data});
    CpuBackend::accumulate_moments(batch, rows, pooled);
  }
  void softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                             const View& sums) override {
    note({logits.data, labels.data, probabilities.data, sums.data});
    CpuBackend::softmax_cross_entropy(logits, labels, probabilities, sums);
  }
  void count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) override {
    note({logits.data, labels.data, counts.confusion.data, counts.loss.data});
    CpuBackend::count_predictions(logits, labels, counts);
  }

 private:
  class Captured : public Program {
   public:
    Captured(CapturingBackend& backend, std::function<void()> body) : backend_(backend), body_(std::move(body)) {}
    void run() override {
      backend_.running_ = true;
      backend_.places_.clear();
      body_();
      backend_.running_ = false;
      if (++backend_.runs; !places_.empty()) BOOST_TEST((backend_.places_ == places_));
      places_ = backend_.places_;
      BOOST_TEST(places_.size() > 20u);
    }

   private:
    CapturingBackend& backend_;
    std::function<void()> body_;
    std::vector<const void*> places_;
  };

  void note(std::initializer_list<const void*> places) { places_.insert(places_.end(), places); }

  bool running_ = false;
  std::vector<const void*> places_;  // of the operands of the program that runs
};

const LayerList layers = supernet_layers({32, 32, 3}, {1, 1, 1, 1, 1}, 2);

TrainingSettings settings_of(OptimizerKind optimizer) {
  TrainingSettings settings;
  settings.steps = 25;
  settings.optimizer = optimizer;
  settings.schedule = Schedule::cosine;
  settings.warmup = 2;
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(steps)

BOOST_AUTO_TEST_CASE(a_training_is_one_program) {
  for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::sgd}) {
    CapturingBackend backend;
    const ToyImages toy(backend, 32, 3, 2, 5, 1);
    Network network(backend, layers, 3);
    Trainer trainer(backend);
    int allocations = 0;
    trainer.train(network, settings_of(optimizer), toy.training(), [&](const StepReport& report) {
      if (report.step == 0) allocations = backend.allocations;
      BOOST_TEST(backend.allocations == allocations);
      return true;
    });
    BOOST_TEST(backend.programs == 1);
    BOOST_TEST(backend.runs == 25);

    const auto plain = make_cpu_backend(2, "portable");
    Network other(*plain, layers, 3);
    const ToyImages same(*plain, 32, 3, 2, 5, 1);
    Trainer(*plain).train(other, settings_of(optimizer), same.training(), {});
    BOOST_TEST(same_weights(network, other));
  }
}

// Batches of 3, 3, 4 and 2 images, of which the first two lie in one place.
BOOST_AUTO_TEST_CASE(another_batch_is_another_program) {
  CapturingBackend backend;
  const ToyImages toy(backend, 32, 3, 2, 6, 1);
  Network network(backend, layers, 3);
  disturb(network);
  const auto pass = [&](std::int64_t step) {
    constexpr int counts[]{3, 3, 4, 2};
    return toy.part(0, step < 4 ? counts[step] : 0);
  };
  Trainer trainer(backend);
  trainer.recalibrate(network, layers, pass);
  BOOST_TEST(backend.programs == 3);
  BOOST_TEST(backend.runs == 4);
  BOOST_TEST(trainer.evaluate(network, layers, pass, 1).images == 12);
  BOOST_TEST(backend.programs == 6);
  BOOST_TEST(backend.runs == 8);
}

// As in a pass of even batches, whose sizes come again. What takes more than all before it comes first: memory that grows
// forgets the programs. Recalibration takes more for 3 images than for 4.
BOOST_AUTO_TEST_CASE(a_size_that_was_there_before_is_the_same_program) {
  CapturingBackend backend;
  const ToyImages toy(backend, 32, 3, 2, 6, 1);
  Network network(backend, layers, 3);
  disturb(network);
  const auto pass = [&](int first, int second) {
    return [&toy, first, second](std::int64_t step) {
      return toy.part(0, step >= 5 ? 0 : step % 2 == 0 ? first : second);
    };
  };
  Trainer trainer(backend);
  trainer.recalibrate(network, layers, pass(3, 4));
  BOOST_TEST(backend.programs == 2);
  BOOST_TEST(backend.runs == 5);
  BOOST_TEST(trainer.evaluate(network, layers, pass(4, 3), 1).images == 18);
  BOOST_TEST(backend.programs == 4);
}

// Of this network 10 images take more than 11: a block's expanded tensor is stored that is made again for more of them.
BOOST_AUTO_TEST_CASE(fewer_images_may_take_more) {
  const auto backend = make_cpu_backend(1);
  const LayerList wide = slice_layers({28, 28, 3}, {full_depth, 0.75}, 2);
  BOOST_TEST_REQUIRE(recalibration_arena(wide, 10, *backend) > recalibration_arena(wide, 11, *backend));
  Network network(*backend, wide, 1);
  const ToyImages more(*backend, 28, 3, 2, 11, 1), fewer(*backend, 28, 3, 2, 10, 1);
  Trainer(*backend).recalibrate(network, wide, [&](std::int64_t step) {
    return step == 0 ? more.pass()(0) : step == 1 ? fewer.pass()(0) : more.pass()(1);
  });
  BOOST_TEST(finite(*backend, network.weights()));
}

BOOST_AUTO_TEST_SUITE_END()
