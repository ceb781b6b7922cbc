// A training step, recalibration and evaluation on emulated kernels against the CPU's, within what the golden tests allow
// in single precision (tests/nn/golden.hpp).
#include <boost/test/unit_test.hpp>

#include "cuda/cuda.hpp"
#include "cuda_runtime.h"
#include "machine.hpp"
#include "nn/cost.hpp"
#include "training.hpp"

using namespace danas;
using namespace danas::test;
using emulation::Order;

namespace {

constexpr double training_bound = 1e-3, gradient_bound = 0.003, inference_bound = 1e-4;

/// So small a learning rate that the weights stay where they are: what follows the step is compared too, and an update's
/// size says nothing of a gradient that rounding decides.
TrainingSettings one_still_step() {
  TrainingSettings settings;
  settings.steps = 1;
  settings.batch = batch_size;
  settings.learning_rate = 1e-12;
  return settings;
}

/// Running statistics among them.
std::vector<double> all_weights(const Network& network) {
  std::vector<double> all;
  for (const NamedWeight& weight : network.weights()) {
    const std::vector<double> own = numbers(network.backend(), weight.view);
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

void check_step(const Outcome& got, const Outcome& wanted) {
  check_close("loss", got.losses, wanted.losses, training_bound);
  check_close("statistics", got.statistics, wanted.statistics, training_bound);
  check_close("logits", got.logits, wanted.logits, training_bound);
  // As a whole: where an input is within rounding of a kink of ReLU6 a single one may differ by itself.
  std::vector<double> difference = got.gradients;
  for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= wanted.gradients[i];
  const double error = root_mean_square(difference) / root_mean_square(wanted.gradients);
  BOOST_TEST_MESSAGE("gradients differ by " << error << " of their size");
  BOOST_TEST(error <= gradient_bound);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training)

BOOST_AUTO_TEST_CASE(a_step_of_a_supernet_is_the_cpus) {
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  check_step(train_supernet(*emulated, one_still_step()), train_supernet(*cpu, one_still_step()));
}

BOOST_AUTO_TEST_CASE(a_step_of_a_candidate_is_the_cpus) {
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  check_step(train_candidate(*emulated, one_still_step()), train_candidate(*cpu, one_still_step()));
}

// What is masked has neither weights nor gradients: exact zeros, in the same places.
BOOST_AUTO_TEST_CASE(a_step_of_a_masked_network_is_the_cpus) {
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  const Outcome got = train_masked(*emulated, one_still_step()), wanted = train_masked(*cpu, one_still_step());
  check_step(got, wanted);
  std::size_t masked = 0;
  for (std::size_t i = 0; i < wanted.weights.size(); ++i) {
    if (wanted.weights[i] != 0 || wanted.gradients[i] != 0) continue;
    ++masked;
    BOOST_TEST_REQUIRE((got.weights[i] == 0 && got.gradients[i] == 0));
  }
  BOOST_TEST(masked > wanted.weights.size() / 10);
}

BOOST_AUTO_TEST_CASE(three_steps_of_adam_are_the_cpus) {
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  TrainingSettings settings = one_still_step();
  settings.steps = 3;
  settings.learning_rate = 1e-3;
  settings.weight_decay = 1e-3;
  for (const auto optimizer : {OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::sgd}) {
    settings.optimizer = optimizer;
    const Outcome got = train_candidate(*emulated, settings), wanted = train_candidate(*cpu, settings);
    check_close("losses of " + std::string(name_of(optimizer)), got.losses, wanted.losses, training_bound);
  }
}

// In f16 what other slices' gradients were is not looked at: whether the step is skipped goes by its own.
BOOST_AUTO_TEST_CASE(a_slice_in_place_trains_as_a_copy_of_it) {
  for (const Type type : {Type::f32, Type::f16, Type::bf16}) {
    const auto backend = make_cuda_backend(0, type);
    const Images images(*backend);
    TrainingSettings settings = one_still_step();
    settings.steps = 3;
    settings.learning_rate = 1e-3;
    const LayerList slice = slice_of(supernet());
    Network whole(*backend, supernet(), 3), copy = whole.gather(slice);
    const std::vector<double> before = all_weights(copy);
    upload_numbers(*backend, std::vector<double>(static_cast<std::size_t>(whole.values().size()), INFINITY),
                   whole.gradients());
    Trainer trainer(*backend);
    trainer.train(copy, settings, images.training(), {});
    Optimizer optimizer(*backend, whole, settings);
    trainer.train(whole, optimizer, settings, images.training(), 0, {},
                  [&](std::int64_t) { return std::vector<LayerList>{slice}; });
    const std::vector<double> after = all_weights(copy);
    BOOST_TEST((all_weights(whole.gather(slice)) == after));
    BOOST_TEST((after != before));
  }
}

// What is refused before a training is what it takes.
BOOST_AUTO_TEST_CASE(memory_is_what_is_counted) {
  for (const Type type : {Type::f32, Type::f16}) {
    const auto backend = make_cuda_backend(0, type);
    const Images images(*backend);
    Network network(*backend, supernet(), 3);
    Trainer trainer(*backend);
    trainer.train(network, one_still_step(), images.training(), {});
    BOOST_TEST(trainer.peak_bytes() == training_arena(network.layers(), batch_size, *backend));
  }
}

// Of weights that are given: nothing amplifies rounding here.
BOOST_AUTO_TEST_CASE(inference_of_a_slice_in_place_is_the_cpus) {
  const auto predict = [](Backend& backend) {
    const Images images(backend);
    const Network network(backend, supernet(), 3);
    Trainer trainer(backend);
    return numbers(backend, trainer.predict(network, slice_of(network.layers()), images.pass()(0).images));
  };
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  check_close("logits", predict(*emulated), predict(*cpu), inference_bound);
}

// Whose batches lie in one place, as those of a feed do. One network, and slices of it in turn.
BOOST_AUTO_TEST_CASE(nothing_waits_between_the_steps_of_a_training) {
  const auto backend = make_cuda_backend(0);
  const Images images(*backend);
  TrainingSettings settings = one_still_step();
  settings.steps = 40;  // looked at after every fourth
  BOOST_TEST_REQUIRE(interval_of(settings) == 4);
  const SliceSource slices = [](std::int64_t step) {
    return std::vector<LayerList>{slice_layers(supernet(), {{1, 2, 0, 0, 0}, step % 2 == 0 ? 0.6 : 0.4})};
  };
  for (const SliceSource& source : {SliceSource{}, slices}) {
    Network network =
        source ? Network(*backend, supernet(), 3) : Network(*backend, supernet(), 3).gather(slice_of(supernet()));
    Optimizer optimizer(*backend, network, settings);
    const auto first = [&](std::int64_t) { return images.training()(0); };
    const auto report_of = [](const StepReport& report) {
      // From here on who waits fails, and whoever is told anything after that.
      if (report.step == 0) emulation::fail_call(1, cudaErrorIllegalAddress, "cudaStreamSynchronize");
      if (report.step == 2) emulation::fail_call(0, cudaSuccess);
      return report.step < 2;
    };
    BOOST_TEST(Trainer(*backend).train(network, optimizer, settings, first, 0, report_of, source) == 3);
  }
}

BOOST_AUTO_TEST_CASE(a_training_gives_the_same_bits_in_any_order) {
  const auto run = [](Order order) {
    emulation::set_order(order);
    const auto backend = make_cuda_backend(0);
    Outcome outcome = train_candidate(*backend, one_still_step());
    emulation::set_order(Order::forward);
    return outcome;
  };
  const Outcome forward = run(Order::forward), reverse = run(Order::reverse);
  BOOST_TEST(forward.losses == reverse.losses);
  BOOST_TEST((forward.weights == reverse.weights));
  BOOST_TEST((forward.gradients == reverse.gradients));
  BOOST_TEST((forward.statistics == reverse.statistics));
}

BOOST_AUTO_TEST_SUITE_END()
