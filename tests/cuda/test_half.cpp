// Trainings with 16-bit activations: against the reference that rounds at the same stores, and the loss scale of f16.
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <limits>

#include "cuda/cuda.hpp"
#include "machine.hpp"
#include "nn/checkpoint.hpp"
#include "training.hpp"

using namespace danas;
using namespace danas::test;

namespace {

TrainingSettings three_steps() {
  TrainingSettings settings;
  settings.steps = 3;
  settings.batch = batch_size;
  settings.learning_rate = 1e-3;
  return settings;
}

double difference(std::vector<double> a, const std::vector<double>& b) {
  BOOST_REQUIRE_EQUAL(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return root_mean_square(a);
}

/// Nothing is further from the reference than twice what rounding moves that one.
void check_disturbance(const std::string& what, const std::vector<double>& got, const std::vector<double>& rounded,
                       const std::vector<double>& exact) {
  const double error = difference(got, rounded), disturbance = difference(rounded, exact);
  BOOST_TEST_MESSAGE(what << " differ by " << error << ", rounding disturbs the reference by " << disturbance);
  BOOST_CHECK_MESSAGE(error <= 2 * disturbance, what << " differ by " << error << ", allowed " << 2 * disturbance);
}

// Together: losses alone are few, so that chance would decide.
std::vector<double> outputs(const Outcome& outcome) {
  std::vector<double> all = outcome.losses;
  all.insert(all.end(), outcome.logits.begin(), outcome.logits.end());
  return all;
}

template <class Train>
void check_training(const std::string& name, const Train& train) {
  const auto exact_backend = make_reference_backend(Type::f64);
  const Outcome exact = train(*exact_backend, three_steps());
  for (const Type type : {Type::f16, Type::bf16}) {
    const auto emulated = make_cuda_backend(0, type), reference = make_reference_backend(type);
    const Outcome got = train(*emulated, three_steps()), rounded = train(*reference, three_steps());
    const std::string where = name + " in " + name_of(type) + ": ";
    check_disturbance(where + "weights", got.weights, rounded.weights, exact.weights);
    check_disturbance(where + "gradients", got.gradients, rounded.gradients, exact.gradients);
    check_disturbance(where + "statistics", got.statistics, rounded.statistics, exact.statistics);
    check_disturbance(where + "losses and logits", outputs(got), outputs(rounded), outputs(exact));
  }
}

/// A candidate that is trained in f16 step by step.
class Training {
 public:
  explicit Training(Backend& backend)
      : backend_(backend), images_(backend), trainer_(backend),
        network_(backend, slice_layers(supernet(), {{1, 1, 0, 0, 0}, 0.6}), 3),
        optimizer_(backend, network_, settings()) {}

  void step(std::int64_t first) {
    trainer_.train(network_, optimizer_, settings(), images_.training(), first,
                   [](const StepReport&) { return false; });
  }
  std::vector<double> weights() { return numbers(backend_, network_.values()); }
  std::vector<double> scale() { return numbers(backend_, optimizer_.loss_scale()); }
  void set_scale(double factor, double good_steps) {
    upload_numbers(backend_, {factor, good_steps}, optimizer_.loss_scale());
  }
  void save(const std::filesystem::path& path) { save_checkpoint(path, network_, {}, optimizer_.state()); }
  void load(const std::filesystem::path& path) { Checkpoint(path).load(network_, optimizer_.state()); }

 private:
  static TrainingSettings settings() {
    TrainingSettings settings = three_steps();
    settings.steps = 1000;
    return settings;
  }

  Backend& backend_;
  Images images_;
  Trainer trainer_;
  Network network_;
  Optimizer optimizer_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(half)

BOOST_AUTO_TEST_CASE(three_steps_of_a_supernet_are_the_references, *boost::unit_test::label("slow")) {
  check_training("supernet", train_supernet);
}

BOOST_AUTO_TEST_CASE(three_steps_of_a_candidate_are_the_references, *boost::unit_test::label("slow")) {
  check_training("candidate", train_candidate);
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_finite_skips_the_step_and_halves_the_scale) {
  const auto backend = make_cuda_backend(0, Type::f16);
  const auto vector = [&](std::vector<double> values) {
    Tensor tensor(*backend, vector_view(Type::f32, nullptr, static_cast<std::int64_t>(values.size())));
    upload_numbers(*backend, values, tensor.view());
    return tensor;
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {infinity, -infinity, std::nan("")})
    for (const std::size_t place : {0, 4, 8}) {
      std::vector<double> gradients(9, 64);
      gradients[place] = bad;
      const Tensor g = vector(gradients), w = vector(std::vector<double>(9, 1)), m = vector(std::vector<double>(9, 2));
      const Tensor v = vector(std::vector<double>(9, 3)), factor = vector({64, 1999});
      const Tensor skip(*backend, vector_view(Type::i32, nullptr, 1)), counter(*backend, skip.view());
      const Tensor rates(*backend, View{Type::f64, nullptr, 1, 1, 1, 2});
      upload_numbers(*backend, {0.5, 0.5}, rates.view());
      backend->unscale_gradients(g.view(), {factor.view(), skip.view()});
      const StepRates step{rates.view(), counter.view(), skip.view()};
      const Filter weights = filter_of(w.view()), gradient = filter_of(g.view()), moment = filter_of(m.view());
      backend->adam_step(weights, gradient, moment, filter_of(v.view()), step, {});
      backend->sgd_step(weights, gradient, moment, step, 0.9, 0.1);
      BOOST_TEST(numbers(*backend, factor.view()) == (std::vector<double>{32, 0}));
      BOOST_TEST(numbers(*backend, skip.view()) == std::vector<double>{1});
      BOOST_TEST(numbers(*backend, w.view()) == std::vector<double>(9, 1));
      BOOST_TEST(numbers(*backend, m.view()) == std::vector<double>(9, 2));
      BOOST_TEST(numbers(*backend, v.view()) == std::vector<double>(9, 3));
    }
}

BOOST_AUTO_TEST_CASE(a_training_finds_its_scale) {
  const auto backend = make_cuda_backend(0, Type::f16);
  Training training(*backend);
  BOOST_TEST(training.scale() == (std::vector<double>{LossScale::first, 0}));
  training.step(0);
  BOOST_TEST(training.scale() == (std::vector<double>{LossScale::first, 1}));
  // Far too large: the gradients are beyond what f16 has.
  const std::vector<double> before = training.weights();
  training.set_scale(0x1p26, 100);
  training.step(1);
  BOOST_TEST(training.scale() == (std::vector<double>{0x1p25, 0}));
  BOOST_TEST((training.weights() == before));
  int step = 2;
  for (; training.weights() == before && step < 20; ++step) training.step(step);
  BOOST_TEST(step < 20);
  BOOST_TEST(training.scale()[0] == 0x1p26 / (1 << (step - 2)));
  BOOST_TEST(training.scale()[1] == 1);
}

BOOST_AUTO_TEST_CASE(two_thousand_good_steps_double_the_scale) {
  const auto backend = make_cuda_backend(0, Type::f16);
  Training training(*backend);
  training.set_scale(256, 1998);
  training.step(0);
  BOOST_TEST(training.scale() == (std::vector<double>{256, 1999}));
  training.step(1);
  BOOST_TEST(training.scale() == (std::vector<double>{512, 0}));
}

// The scale is part of the state: a resumed training goes on bit for bit.
BOOST_AUTO_TEST_CASE(a_resumed_training_has_its_scale) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "danas_half_state.safetensors";
  const auto backend = make_cuda_backend(0, Type::f16), other = make_cuda_backend(0, Type::f16);
  Training whole(*backend), resumed(*other);
  whole.set_scale(256, 1998);
  whole.step(0);
  whole.save(path);
  resumed.load(path);
  std::filesystem::remove(path);
  BOOST_TEST(resumed.scale() == (std::vector<double>{256, 1999}));
  whole.step(1);
  resumed.step(1);
  BOOST_TEST(resumed.scale() == whole.scale());
  BOOST_TEST((resumed.weights() == whole.weights()));
}

BOOST_AUTO_TEST_CASE(operations_read_filters_of_16_bits_whose_masters_and_gradients_have_32) {
  for (const Type type : {Type::f16, Type::bf16}) {
    const auto backend = make_cuda_backend(0, type);
    const Network network(*backend, supernet(), 3);
    BOOST_TEST((network.values().type == Type::f32));
    BOOST_TEST((network.parameters(network.layers(), true).front().filter.value.type == type));
    BOOST_TEST((network.parameters(network.layers(), true).front().filter.gradient.type == Type::f32));
  }
}

BOOST_AUTO_TEST_SUITE_END()
