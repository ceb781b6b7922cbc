// Steps that train slices of a network.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

#include "nn/cost.hpp"
#include "nn/slice_step.hpp"
#include "support.hpp"
#include "tensor/cpu/cpu_backend.hpp"

using namespace danas;
using namespace danas::test;

namespace {

constexpr int resolution = 32, classes = 3, batch = 6;
constexpr double momentum = 0.9;

LayerList whole_layers() { return supernet_layers({resolution, resolution, 3}, {1, 2, 1, 0, 0}, classes); }
LayerList slice_of(const std::array<int, 5>& depth, double width) {
  return slice_layers(whole_layers(), {depth, width});
}

TrainingSettings settings_of(OptimizerKind optimizer) {
  TrainingSettings settings;
  settings.steps = 4;
  settings.batch = batch;
  settings.optimizer = optimizer;
  settings.learning_rate = optimizer == OptimizerKind::sgd ? 1 : 1e-2;
  settings.momentum = 0;
  return settings;
}

struct Trained {
  explicit Trained(Backend& backend, const LayerList& layers, OptimizerKind kind = OptimizerKind::adam)
      : network(backend, layers, 1), optimizer(backend, network, settings_of(kind)), arena(backend) {
    optimizer.plan(0, 1);
  }
  View moments(std::size_t which) const { return optimizer.state().at(which).view; }

  Network network;
  Optimizer optimizer;
  Arena arena;
};

/// Gradients of a slice, laid out as the network's values; zeros elsewhere.
std::vector<double> gradients_of(Backend& backend, const Network& network, const LayerList& slice, const Batch& images,
                                 const View& targets = {}) {
  Arena arena(backend);
  backend.clear(network.gradients());
  const Tensor sums(backend, View{Type::f64, nullptr, 1, 1, 1, 2});
  TrainingPass(arena, network, slice, momentum)
      .run(images, [&](std::size_t) { return sums.view(); }, {}, {targets, {}});
  return numbers(network.gradients());
}

/// Whether a number of a network's values is a weight of the slice, by the shapes of a network that is the slice alone.
std::vector<bool> belongs_to(const Network& network, const LayerList& slice) {
  std::vector<bool> belongs(static_cast<std::size_t>(network.values().size()));
  const Network alone = network.gather(slice);
  for (const NamedWeight& own : alone.weights()) {
    if (!own.trainable) continue;
    const NamedWeight& whole = weight_named(network, own.name);
    const std::int64_t first = whole.view.as<float>() - network.values().as<float>();
    for (std::int64_t i = 0; i < own.view.size(); ++i) {
      std::int64_t rest = i, place = 0, stride = 1;
      for (std::size_t axis = own.shape.size(); axis-- > 0; stride *= whole.shape[axis], rest /= own.shape[axis])
        place += rest % own.shape[axis] * stride;
      belongs[static_cast<std::size_t>(first + place)] = true;
    }
  }
  return belongs;
}

/// As those of a step that failed: whoever reads one that is not of its own step is seen.
void spoil_gradients(const Network& network) {
  const std::vector<double> nothing(static_cast<std::size_t>(network.gradients().size()), NAN);
  upload_numbers(network.backend(), nothing, network.gradients());
}

/// What a network in training answers, by the definition of softmax.
Tensor answer_of(Backend& backend, const Network& network, const Batch& images) {
  Arena arena(backend);
  Tape tape(backend, arena, batch_norm_epsilon);
  tape.begin();
  const std::vector<LayerParameters> parameters = network.parameters(network.layers(), true);
  const View logits = tape.view(forward_training(tape, network.layers(), parameters, images.images).exits.back());
  Tensor answer(backend, logits);
  for (std::int64_t row = 0; row < batch; ++row) {
    double sum = 0;
    for (int c = 0; c < classes; ++c) sum += std::exp(get(logits, row * classes + c));
    for (int c = 0; c < classes; ++c)
      set(answer.view(), row * classes + c, std::exp(get(logits, row * classes + c)) / sum);
  }
  return answer;
}

/// Knows how much of its memory was taken at a time.
class WeighedBackend : public cpu::CpuBackend {
 public:
  WeighedBackend() : CpuBackend(2, cpu::choose_kernels("portable")) {}
  std::size_t peak = 0;

  void* allocate(std::size_t bytes) override {
    void* memory = CpuBackend::allocate(bytes);
    sizes_[memory] = bytes;
    peak = std::max(peak, held_ += bytes);
    return memory;
  }
  void release(void* memory) noexcept override {
    held_ -= sizes_[memory];
    CpuBackend::release(memory);
  }

 private:
  std::map<void*, std::size_t> sizes_;
  std::size_t held_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(slice_step)

BOOST_AUTO_TEST_CASE(a_slice_trains_as_a_network_of_its_own_and_nothing_else_changes) {
  const auto backend = make_cpu_backend(2, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, batch, 3);
  const LayerList slice = slice_of({1, 1, 0, 0, 0}, 0.5);
  Trained super(*backend, whole_layers());
  const Network before = super.network.gather(whole_layers());
  Network alone = before.gather(slice);
  Optimizer optimizer(*backend, alone, settings_of(OptimizerKind::adam));
  optimizer.plan(0, 1);
  TrainingStep own(super.arena, alone, optimizer, momentum);
  SliceStep step(super.arena, super.network, super.optimizer, momentum, false);
  for (std::int64_t i = 0; i < 3; ++i) {
    super.optimizer.plan(i, i + 1);
    optimizer.plan(i, i + 1);
    spoil_gradients(super.network);
    step.run({slice}, toy.batch(i));
    own.run(toy.batch(i));
  }
  BOOST_TEST(same_weights(super.network.gather(slice), alone));
  BOOST_TEST(!same_weights(alone, before.gather(slice)));
  BOOST_TEST(super.optimizer.take_means(3, 3).loss == optimizer.take_means(3, 3).loss);
  super.network.put_back(before.gather(slice), slice);
  BOOST_TEST(same_weights(super.network, before));
}

BOOST_AUTO_TEST_CASE(moments_of_what_a_slice_has_not_stay) {
  const auto backend = make_cpu_backend(1, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, batch, 2);
  const LayerList wide = slice_of({1, 0, 0, 0, 0}, 1), narrow = slice_of({1, 2, 0, 0, 0}, 0.3);
  Trained super(*backend, whole_layers());
  SliceStep step(super.arena, super.network, super.optimizer, momentum, false);
  step.run({wide}, toy.batch(0));
  const std::vector<bool> of_narrow = belongs_to(super.network, narrow);
  for (const std::size_t which : {0, 1}) {
    const std::vector<double> before = numbers(super.moments(which));
    super.optimizer.plan(1, 2);
    spoil_gradients(super.network);
    step.run({narrow}, toy.batch(1));
    const std::vector<double> after = numbers(super.moments(which));
    std::size_t changed = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (!of_narrow[i]) BOOST_REQUIRE(after[i] == before[i]);
      changed += after[i] != before[i] ? 1U : 0U;
    }
    BOOST_TEST(changed > after.size() / 50);
  }
}

BOOST_AUTO_TEST_CASE(networks_together_change_the_weights_by_the_sum_of_their_gradients) {
  const auto backend = make_cpu_backend(1, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, batch, 1);
  const std::vector<LayerList> slices{slice_of({1, 1, 1, 0, 0}, 0.4), slice_of({0, 0, 0, 0, 0}, 0.2)};
  for (const bool whole : {true, false}) {
    Trained super(*backend, whole_layers(), OptimizerKind::sgd);
    const std::vector<double> before = numbers(super.network.values());
    std::vector<double> expected = before;
    const auto subtract = [&](const std::vector<double>& gradients) {
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] -= gradients[i];
    };
    std::vector<LayerList> networks = slices;
    if (whole) networks.insert(networks.begin(), whole_layers());
    for (const LayerList& layers : networks) subtract(gradients_of(*backend, super.network, layers, toy.batch(0)));
    SliceStep(super.arena, super.network, super.optimizer, momentum, false).run(networks, toy.batch(0));
    BOOST_TEST(largest_difference(numbers(super.network.values()), expected) < 1e-5);
    BOOST_TEST(largest_difference(before, expected) > 1e-2);
  }
}

BOOST_AUTO_TEST_CASE(of_networks_together_the_first_moves_running_statistics) {
  const auto backend = make_cpu_backend(1, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, batch, 1);
  const auto statistics_after = [&](const std::vector<LayerList>& networks) {
    Trained super(*backend, whole_layers());
    SliceStep(super.arena, super.network, super.optimizer, momentum, false).run(networks, toy.batch(0));
    std::vector<double> statistics;
    for (const NamedWeight& weight : super.network.weights()) {
      if (weight.trainable) continue;
      const std::vector<double> own = numbers(weight.view);
      statistics.insert(statistics.end(), own.begin(), own.end());
    }
    return statistics;
  };
  const LayerList narrow = slice_of({1, 1, 0, 0, 0}, 0.5);
  const std::vector<double> alone = statistics_after({whole_layers()});
  BOOST_TEST((statistics_after({whole_layers(), narrow, narrow}) == alone));
  BOOST_TEST((statistics_after({narrow}) != alone));
}

BOOST_AUTO_TEST_CASE(later_networks_of_a_step_that_distills_learn_what_the_first_answers) {
  const auto backend = make_cpu_backend(1, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, batch, 1);
  const LayerList wide = slice_of({1, 1, 1, 0, 0}, 0.4), narrow = slice_of({0, 0, 0, 0, 0}, 0.2);
  for (const LayerList& first : {whole_layers(), wide}) {
    Trained super(*backend, whole_layers(), OptimizerKind::sgd);
    std::vector<double> expected = numbers(super.network.values());
    const Tensor answer = answer_of(*backend, super.network.gather(first), toy.batch(0));
    double labels_differ = 0;
    for (const auto& [layers, targets] : {std::pair{first, View{}}, std::pair{narrow, answer.view()}}) {
      const std::vector<double> gradients = gradients_of(*backend, super.network, layers, toy.batch(0), targets);
      labels_differ = largest_difference(gradients, gradients_of(*backend, super.network, layers, toy.batch(0)));
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] -= gradients[i];
    }
    SliceStep(super.arena, super.network, super.optimizer, momentum, true).run({first, narrow}, toy.batch(0));
    BOOST_TEST(largest_difference(numbers(super.network.values()), expected) < 1e-5);
    BOOST_TEST(labels_differ > 1e-2);
  }
}

BOOST_AUTO_TEST_CASE(its_memory_is_known_before) {
  const auto backend = make_cpu_backend(1, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, batch, 1);
  const LayerList wide = slice_of({1, 2, 1, 0, 0}, 1), narrow = slice_of({1, 0, 0, 0, 0}, 0.3);
  using Networks = std::vector<LayerList>;
  const std::vector<Networks> of_steps[] = {
      {Networks{wide}}, {Networks{whole_layers()}, Networks{wide}}, {Networks{whole_layers(), narrow, wide, wide}}};
  for (const std::vector<Networks>& steps : of_steps)
    for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::sgd}) {
      CostBackend counter;
      TrainingSettings settings = settings_of(optimizer);
      settings.distill = steps.front().size() > 1;
      const TrainingCost cost = slices_cost(whole_layers(), steps, settings, counter);
      WeighedBackend weighed;
      Trained super(weighed, whole_layers(), optimizer);
      SliceStep step(super.arena, super.network, super.optimizer, momentum, settings.distill);
      for (const Networks& networks : steps) {
        super.optimizer.plan(0, 1);
        step.run(networks, toy.batch(0));
      }
      BOOST_TEST(cost.weight_bytes + cost.arena_bytes == weighed.peak);
      BOOST_TEST(cost.batch_bytes == toy.batch(0).images.bytes() + toy.batch(0).labels.bytes());
    }
}

BOOST_AUTO_TEST_CASE(a_resumed_training_goes_on_bit_for_bit) {
  const auto backend = make_cpu_backend(2, "portable");
  const ToyImages toy(*backend, resolution, 3, classes, batch, 4);
  const SliceSource slices = [](std::int64_t step) -> std::vector<LayerList> {
    if (step == 0) return {slice_of({1, 0, 0, 0, 0}, 0.3)};
    if (step == 1) return {whole_layers()};
    if (step == 2) return {whole_layers(), slice_of({1, 2, 1, 0, 0}, 1)};
    return {slice_of({1, 2, 1, 0, 0}, 0.6)};
  };
  const auto train = [&](Trained& trained, std::int64_t first, std::int64_t last) {
    Trainer(*backend).train(
        trained.network, trained.optimizer, settings_of(OptimizerKind::adam), toy.training(), first,
        [&](const StepReport& report) { return report.step < last; }, slices);
  };
  Trained whole(*backend, whole_layers()), interrupted(*backend, whole_layers());
  train(whole, 0, 3);
  train(interrupted, 0, 1);
  train(interrupted, 2, 3);
  BOOST_TEST(same_weights(whole.network, interrupted.network));
}

BOOST_AUTO_TEST_SUITE_END()
