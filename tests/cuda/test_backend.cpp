// Programs, lanes, memory and errors of the CUDA backend, on the emulated runtime.
#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <thread>

#include "base/error.hpp"
#include "cuda/cuda.hpp"
#include "cuda_runtime.h"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

Tensor uploaded(Backend& backend, const std::vector<double>& values) {
  Tensor tensor(backend, 1, 1, 1, static_cast<std::int64_t>(values.size()));
  upload_numbers(backend, values, tensor.view());
  return tensor;
}

std::vector<double> downloaded(Backend& backend, const View& view) {
  std::vector<double> values;
  download_numbers(backend, view, values);
  return values;
}

// Some of everything that calls the runtime.
void work(Backend& backend) {
  const Tensor a = uploaded(backend, {1, 2, 3}), b = uploaded(backend, {4, 5, 6});
  const std::unique_ptr<Program> program = backend.record([&] { backend.add(a.view(), b.view(), b.view()); });
  program->run();
  const std::vector<std::uint8_t> pixels(12, 7);
  const Image image{pixels.data(), 2, 2, 3};
  const Crop crop{0, 0, 2, 2, false};
  const Tensor out(backend, 1, 4, 4, 3);
  backend.augment({&image, 1}, {&crop, 1}, out.view());
  BOOST_TEST(downloaded(backend, b.view()) == (std::vector<double>{5, 7, 9}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(backend, *boost::unit_test::label("threads"))

BOOST_AUTO_TEST_CASE(it_says_what_it_is) {
  BOOST_TEST(cuda_devices().count == 1);
  const auto backend = make_cuda_backend(0);
  BOOST_TEST(backend->name() == "cuda:0 emulation, sm_90");
  BOOST_TEST(backend->instruction_set() == "cuda sm_90");
  BOOST_TEST(!backend->host_memory());
  BOOST_CHECK_THROW(make_cuda_backend(1), Error);
  BOOST_CHECK_THROW(make_cuda_backend(-1), Error);
}

BOOST_AUTO_TEST_CASE(a_program_is_told_once_and_done_at_every_run) {
  const auto backend = make_cuda_backend(0);
  const Tensor sum = uploaded(*backend, {1, 0.5}), step = uploaded(*backend, {2, 3});
  int told = 0;
  const auto program = backend->record([&] {
    ++told;
    backend->add(sum.view(), step.view(), sum.view());
  });
  BOOST_TEST(told == 0);
  BOOST_TEST(downloaded(*backend, sum.view()) == (std::vector<double>{1, 0.5}));
  for (int i = 0; i < 3; ++i) program->run();
  BOOST_TEST(told == 1);
  BOOST_TEST(downloaded(*backend, sum.view()) == (std::vector<double>{7, 9.5}));
}

BOOST_AUTO_TEST_CASE(what_no_program_may_do_is_an_error_and_ends_the_recording) {
  const auto backend = make_cuda_backend(0);
  const Tensor sum = uploaded(*backend, {1});
  const auto program = backend->record([&] { downloaded(*backend, sum.view()); });
  BOOST_CHECK_THROW(program->run(), Error);
  BOOST_TEST(downloaded(*backend, sum.view()) == std::vector<double>{1});
}

BOOST_AUTO_TEST_CASE(lanes_work_side_by_side_on_the_same_memory) {
  const auto backend = make_cuda_backend(0), lane = backend->lane(1);
  const Tensor a = uploaded(*backend, {1, 2}), b = uploaded(*backend, {1, 2});
  const auto add = [&](Backend& queue, const Tensor& sum) {
    for (int i = 0; i < 200; ++i) queue.add(sum.view(), sum.view(), sum.view());
    for (int i = 0; i < 200; ++i) queue.activation_backward(sum.view(), sum.view(), Activation::none, sum.view());
  };
  std::thread other([&] { add(*lane, b); });
  add(*backend, a);
  other.join();
  BOOST_TEST(downloaded(*backend, a.view()) == downloaded(*lane, b.view()));
}

// A network is gathered by one and trained by another: nobody waits but for what is in the memory.
BOOST_AUTO_TEST_CASE(a_lane_finds_what_another_left_in_memory) {
  const auto backend = make_cuda_backend(0), lane = backend->lane(1);
  const Tensor a = uploaded(*backend, {1, 2, 3, 4}), b(*backend, 1, 1, 1, 4), c(*backend, 1, 1, 1, 4);
  const auto filter = [](const Tensor& tensor) { return dense_filter(Type::f32, tensor.view().data, 1, 1, 2, 2); };
  backend->copy(a.view(), b.view());
  BOOST_TEST(downloaded(*lane, b.view()) == (std::vector<double>{1, 2, 3, 4}));
  backend->copy(filter(b), filter(c));
  BOOST_TEST(downloaded(*lane, c.view()) == (std::vector<double>{1, 2, 3, 4}));
  backend->clear(b.view());
  BOOST_TEST(downloaded(*lane, b.view()) == (std::vector<double>{0, 0, 0, 0}));
  backend->clear(filter(c));
  BOOST_TEST(downloaded(*lane, c.view()) == (std::vector<double>{0, 0, 0, 0}));
}

// Each call of the runtime once: an Error that says what and why, nothing else, and the next attempt goes well. Only where
// something ends, of which nobody is told, there is none.
BOOST_AUTO_TEST_CASE(every_failure_of_the_runtime_is_an_error) {
  int failures = 0;
  for (int call = 1;; ++call) {
    emulation::fail_call(call, cudaErrorMemoryAllocation);
    bool failed = false;
    try {
      const auto backend = make_cuda_backend(0);
      work(*backend);
    } catch (const Error& error) {
      failed = true;
      const std::string message = error.what();
      BOOST_TEST(message.ends_with("out of memory; use a smaller batch or fewer lanes"), message);
      BOOST_TEST(message.starts_with("[cuda"), message);
      BOOST_TEST(message.find('\n') == message.npos, message);
      BOOST_TEST((error.fault() == Fault::failure));
    }
    const bool last = !emulation::call_failed();
    emulation::fail_call(0, cudaSuccess);
    const auto backend = make_cuda_backend(0);
    work(*backend);
    if (last) break;
    if (failed) ++failures;
  }
  BOOST_TEST(failures > 20);
}

// Whichever thread finds them.
BOOST_AUTO_TEST_CASE(of_equal_logits_the_lowest_class_is_predicted) {
  const auto backend = make_cuda_backend(0);
  constexpr std::int64_t classes = 70;  // several a thread
  for (const std::int64_t first : {0, 3, 40})
    for (const std::int64_t second : {41, 64, 67, 69}) {  // of the same thread: 0 and 64, 3 and 67
      Tensor logits(*backend, 1, 1, 1, classes);
      std::vector<double> numbers(classes, -1);
      numbers[static_cast<std::size_t>(first)] = numbers[static_cast<std::size_t>(second)] = 2;
      upload_numbers(*backend, numbers, logits.view());
      const Tensor labels = upload_labels(*backend, std::array<std::int32_t, 1>{5});
      const Tensor confusion(*backend, View{Type::f64, nullptr, classes, 1, 1, classes});
      const Tensor loss(*backend, View{Type::f64, nullptr, 1, 1, 1, 1});
      backend->count_predictions(logits.view(), labels.view(), {confusion.view(), loss.view()});
      const std::vector<double> counts = downloaded(*backend, confusion.view());
      BOOST_TEST(counts[static_cast<std::size_t>(5 * classes + first)] == 1);
    }
}

// A counter beyond the table of rates, where a backend on the host throws: the weights are no numbers any more, which a
// training sees.
BOOST_AUTO_TEST_CASE(a_step_without_a_rate_leaves_no_numbers) {
  const auto backend = make_cuda_backend(0);
  const Tensor w = uploaded(*backend, {1, 2}), g = uploaded(*backend, {1, 1}), velocity = uploaded(*backend, {0, 0});
  const Tensor table(*backend, View{Type::f64, nullptr, 3, 1, 1, 2});
  const Tensor counter(*backend, View{Type::i32, nullptr, 1, 1, 1, 1});
  const auto step = [&](std::int32_t row) {
    backend->upload(&row, counter.view());
    backend->sgd_step(filter_of(w.view()), filter_of(g.view()), filter_of(velocity.view()),
                      {table.view(), counter.view()}, 0.9, 0);
    return downloaded(*backend, w.view());
  };
  BOOST_TEST(step(2) == (std::vector<double>{1, 2}));
  BOOST_TEST(std::isnan(step(3)[1]));
}

BOOST_AUTO_TEST_SUITE_END()
