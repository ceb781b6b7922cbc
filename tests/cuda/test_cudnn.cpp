// Convolutions by a stand-in of cuDNN (cudnn_stub) on the emulated backend: results, what is asked of cuDNN and what is not,
// programs, choices.
#include <boost/test/unit_test.hpp>

#include <dlfcn.h>

#include "../temporary_folder.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "cuda/cuda.hpp"
#include "cuda/cudnn_library.hpp"
#include "cuda_runtime.h"
#include "cudnn_stub/stub.hpp"
#include "tensor/selftest_side.hpp"
#include "training.hpp"

using namespace danas;
using namespace danas::test;

namespace {

/// The library that danas loads, as it is at the start of a test.
struct Stub {
  Stub() { *library() = {}; }
  ~Stub() {
    BOOST_TEST(library()->wrong == 0);
    *library() = {};
  }
  CudnnStub* operator->() const { return library(); }

  static CudnnStub* library() {
    void* const loaded = dlopen("libcudnn.so.9", RTLD_NOW);
    BOOST_REQUIRE(loaded != nullptr);
    auto* const function = reinterpret_cast<decltype(&cudnn_stub)>(dlsym(loaded, "cudnn_stub"));
    BOOST_REQUIRE_MESSAGE(function != nullptr, "another cuDNN is found before the stand-in");
    return function();
  }
};

std::unique_ptr<Backend> cudnn_backend(Type type = Type::f32) {
  return make_cuda_backend(0, type, {.kernels = Kernels::cudnn});
}

constexpr Geometry same{1, Padding::same};

/// One of each pass over a dense convolution that cuDNN does, and whether the bits are those of danas' own kernels.
bool as_own(Backend& backend, const Geometry& geometry = same, std::int64_t size = 9) {
  const auto own = make_cuda_backend(0, backend.activation_type());
  const Random random(1, "as own");
  const auto run = [&](SelftestSide& side) {
    const std::int64_t out = output_size(size, 3, geometry);
    const View x = side.input(2, size, size, 8), dy = side.input(2, out, out, 16);
    const Filter w = side.filter(3, 3, 8, 16, false);
    side.backend().convolution(x, w, geometry, {}, Activation::none, side.result(2, out, out, 16));
    side.backend().convolution_backward_input(dy, w, geometry, side.result(2, size, size, 8));
    side.backend().convolution_backward_filter(x, dy, geometry, side.filter_result(3, 3, 8, 16, false));
  };
  const Type type = backend.activation_type();
  SelftestSide mine(backend, random, SelftestFill::reals, type), theirs(*own, random, SelftestFill::reals, type);
  run(mine);
  run(theirs);
  return mine.same_bits(theirs);
}

void check_table(Type type, SelftestFill fill) {
  const Stub stub;
  const auto backend = cudnn_backend(type), reference = make_reference_backend(type);
  for (const SelftestRow& row : selftest(*backend, *reference, fill))
    BOOST_CHECK_MESSAGE(row.passed(), name_of(type) << ", " << row.op << " is off by " << row.worst_error
                                                    << " (tolerance " << row.tolerance << ") at " << row.worst_case);
  BOOST_TEST(stub->forward > 20);
  BOOST_TEST(stub->input > 20);
  BOOST_TEST((type == Type::f32 ? stub->filter > 20 : stub->filter == 0));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cudnn)

// With the gaps of slices, whose filters are packed for cuDNN.
BOOST_AUTO_TEST_CASE(every_operation_agrees_with_the_reference) {
  for (const Type type : {Type::f32, Type::f16, Type::bf16})
    for (const SelftestFill fill : {SelftestFill::reals, SelftestFill::integers}) check_table(type, fill);
}

BOOST_AUTO_TEST_CASE(it_says_what_it_is) {
  const Stub stub;
  BOOST_TEST(cudnn_backend()->name() == "cuda:0 emulation, sm_90, cuDNN 9.19.0");
  BOOST_TEST(cudnn_backend()->lane(1)->instruction_set() == "cuda sm_90, cuDNN 9.19.0");
  BOOST_TEST(make_cuda_backend(0, Type::f32, {.kernels = Kernels::best})->instruction_set() ==
             "cuda sm_90, best of own and cuDNN 9.19.0");
}

// Of GPUs before sm_75 cuDNN 9.10 is the last version.
BOOST_AUTO_TEST_CASE(versions) {
  BOOST_TEST(cuda::cudnn_version_text(8907) == "8.9.7");
  BOOST_TEST(cuda::cudnn_version_text(91101) == "9.11.1");
  for (const std::size_t version : {8907u, 90100u, 91002u}) BOOST_TEST(cuda::cudnn_computes(version, 7, 0));
  for (const std::size_t version : {91100u, 91900u}) {
    BOOST_TEST(!cuda::cudnn_computes(version, 7, 0));
    BOOST_TEST(!cuda::cudnn_computes(version, 6, 1));
    BOOST_TEST(cuda::cudnn_computes(version, 7, 5));
    BOOST_TEST(cuda::cudnn_computes(version, 9, 0));
  }
}

BOOST_AUTO_TEST_CASE(a_library_that_is_not_there_or_lacks_a_function_says_so) {
  const auto message_of = [](const std::string& name) -> std::string {
    try {
      const cuda::CudnnLibrary library({name});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  BOOST_TEST(message_of("libno-such-thing.so.9").starts_with("[cuDNN] no library: libno-such-thing.so.9: cannot open"));
  BOOST_TEST(message_of("libm.so.6") == "[cuDNN] the library has no cudnnGetVersion");
}

// Each falls to danas' own kernel, whose bits it has.
BOOST_AUTO_TEST_CASE(what_cudnn_does_not_do_own_kernels_do) {
  const Stub stub;
  BOOST_TEST(!as_own(*cudnn_backend()));  // other sums, where it does
  BOOST_TEST(stub->calls() > 0);
  const auto untouched = [&](const auto& backend, const Geometry& geometry, std::int64_t size) {
    stub->forward = stub->input = stub->filter = 0;
    const bool own = as_own(*backend, geometry, size);
    return own && stub->calls() == 0;
  };
  BOOST_TEST(untouched(cudnn_backend(), Geometry{2, Padding::same}, 8), "padding at one end alone");
  BOOST_TEST(!untouched(cudnn_backend(), Geometry{2, Padding::same}, 9), "padding at both ends");
  BOOST_TEST(!untouched(cudnn_backend(), Geometry{2, Padding::valid}, 8), "no padding");
  stub->bytes = std::size_t{1} << 40;
  BOOST_TEST(untouched(cudnn_backend(), same, 9), "too much scratch memory");
  stub->bytes = 1;
  stub->refuses = true;
  BOOST_TEST(untouched(cudnn_backend(), same, 9), "it refuses when asked");
  stub->refuses = false;
  stub->refuses_late = true;
  BOOST_TEST(untouched(cudnn_backend(), same, 9), "it refuses when told");
}

BOOST_AUTO_TEST_CASE(its_failures_are_errors) {
  const Stub stub;
  const auto backend = cudnn_backend();
  stub->fails = true;
  BOOST_CHECK_EXCEPTION(as_own(*backend), Error, [](const Error& error) {
    return error.what() == std::string("[cuDNN] a convolution: CUDNN_STATUS_EXECUTION_FAILED") &&
           error.fault() == Fault::failure;
  });
  stub->start = 1001;
  BOOST_TEST(find_cudnn(0).why_none == "[cuDNN] starting: CUDNN_STATUS_NOT_INITIALIZED");
  BOOST_CHECK_THROW(cudnn_backend(), Error);
}

// cuDNN loads its code at a shape's first use, which may not be in a graph.
BOOST_AUTO_TEST_CASE(a_program_is_told_again_after_the_first_use_of_its_shapes) {
  const Stub stub;
  const auto backend = cudnn_backend();
  const auto tensor = [&](std::int64_t channels, double number) {
    Tensor made(*backend, 1, 2, 2, channels);
    upload_numbers(*backend, std::vector<double>(static_cast<std::size_t>(made.size()), number), made.view());
    return made;
  };
  const Tensor x = tensor(4, 1), weights = tensor(4, 0.5), y = tensor(4, 0), sum = tensor(4, 0);
  const Filter w = dense_filter(Type::f32, weights.view().data, 1, 1, 4, 4);
  int told = 0;
  const auto program = backend->record([&] {
    ++told;
    backend->convolution(x.view(), w, same, {}, Activation::none, y.view());
    backend->add(sum.view(), y.view(), sum.view());
  });
  for (int i = 0; i < 3; ++i) program->run();
  BOOST_TEST(numbers(*backend, sum.view()) == std::vector<double>(16, 6));
  BOOST_TEST(told == 2);
  const auto again = backend->record([&] {
    ++told;
    backend->convolution(x.view(), w, same, {}, Activation::none, y.view());
  });
  again->run();
  BOOST_TEST(told == 3);
  BOOST_TEST(stub->first_within_graph == 0);
}

BOOST_AUTO_TEST_CASE(a_recording_that_fails_leaves_nothing_behind) {
  const Stub stub;
  const auto backend = cudnn_backend();
  {
    const Tensor x(*backend, 1, 2, 2, 4), y(*backend, 1, 2, 2, 4), weights(*backend, 1, 1, 4, 4);
    const auto program = backend->record([&] {
      backend->convolution(x.view(), dense_filter(Type::f32, weights.view().data, 1, 1, 4, 4), same, {},
                           Activation::none, y.view());
      throw Error("test", "stops");
    });
    BOOST_CHECK_THROW(program->run(), Error);
  }
  const Tensor sum(*backend, 1, 1, 1, 4);
  backend->record([&] { backend->add(sum.view(), sum.view(), sum.view()); })->run();  // asks for no convolution
  BOOST_TEST(stub->calls() == 0);
}

// Each call of the runtime once, also where a program is captured, measured and captured again.
BOOST_AUTO_TEST_CASE(every_failure_of_the_runtime_is_an_error) {
  const Stub stub;
  const auto work = [] {
    const auto backend = make_cuda_backend(0, Type::f32, {.kernels = Kernels::best});
    const Tensor x(*backend, 1, 2, 2, 4), y(*backend, 1, 2, 2, 4), weights(*backend, 1, 1, 4, 4);
    const Filter w = dense_filter(Type::f32, weights.view().data, 1, 1, 4, 4);
    backend->record([&] { backend->convolution(x.view(), w, same, {}, Activation::none, y.view()); })->run();
    numbers(*backend, y.view());
  };
  int failures = 0;
  for (bool failed = true; failed; failures += failed) {
    emulation::fail_call(failures + 1, cudaErrorMemoryAllocation);
    failed = false;
    try {
      work();
    } catch (const Error& error) {
      failed = true;
      BOOST_TEST(std::string(error.what()).find("out of memory") != std::string::npos, error.what());
      BOOST_TEST((error.fault() == Fault::failure));
    }
    emulation::fail_call(0, cudaSuccess);
    work();
  }
  BOOST_TEST(failures > 40);
}

BOOST_AUTO_TEST_CASE(a_step_is_the_cpus) {
  const Stub stub;
  TrainingSettings settings;
  settings.steps = 1;
  settings.batch = batch_size;
  settings.learning_rate = 1e-12;
  const auto cpu = make_cpu_backend(1), backend = cudnn_backend();
  const Outcome got = train_candidate(*backend, settings), wanted = train_candidate(*cpu, settings);
  check_close("loss", got.losses, wanted.losses, 1e-3);
  check_close("statistics", got.statistics, wanted.statistics, 1e-3);
  check_close("logits", got.logits, wanted.logits, 1e-3);
  BOOST_TEST(stub->filter > 0);
  BOOST_TEST(stub->first_within_graph == 0);
}

BOOST_AUTO_TEST_CASE(best_measures_a_shape_once_and_goes_on_with_what_was_chosen) {
  const Stub stub;
  const TemporaryFolder scratch;
  const auto file = scratch / "kernels.csv";
  const auto choices = std::make_shared<KernelChoices>();
  choices->keep_in(file, false);
  const CudaSettings settings{.kernels = Kernels::best, .choices = choices};
  const auto backend = make_cuda_backend(0, Type::f32, settings);
  as_own(*backend);
  const std::string chosen = read_file(file);
  BOOST_TEST(std::count(chosen.begin(), chosen.end(), '\n') == 4, chosen);  // three passes
  BOOST_TEST(chosen.find("convolution_backward_filter f32 2x9x9x8 3x3 stride 1 padding 1x1 to 9x9x16,") !=
                 std::string::npos,
             chosen);
  stub->forward = stub->input = stub->filter = 0;
  as_own(*backend->lane(1));
  BOOST_TEST(stub->calls() <= 6, "a lane has the choices, and runs a shape twice at first");
  BOOST_TEST(read_file(file) == chosen);

  for (const Kernels all : {Kernels::own, Kernels::cudnn}) {
    std::string rows = chosen.substr(0, chosen.find('\n') + 1);
    for (std::size_t at = rows.size(); at < chosen.size(); at = chosen.find('\n', at) + 1)
      rows += chosen.substr(at, chosen.find(',', at) - at) + ',' + name_of(all) + ",1,1\n";
    write_file(file, rows);
    const auto resumed = std::make_shared<KernelChoices>();
    resumed->keep_in(file, true);
    stub->forward = stub->input = stub->filter = 0;
    const bool own = as_own(*make_cuda_backend(0, Type::f32, {.kernels = Kernels::best, .choices = resumed}));
    BOOST_TEST(own == (all == Kernels::own));
    BOOST_TEST((stub->calls() == 0) == (all == Kernels::own));
    BOOST_TEST(read_file(file) == rows);
  }
}

BOOST_AUTO_TEST_CASE(what_was_put_first_counts) {
  KernelChoices choices;
  BOOST_TEST((choices.find("a") == std::nullopt));
  BOOST_TEST((choices.put("a", 2, 1) == Kernels::cudnn));
  BOOST_TEST((choices.put("a", 1, 2) == Kernels::cudnn));
  BOOST_TEST((choices.put("b", 1, 1) == Kernels::own));
  BOOST_TEST((choices.find("a") == Kernels::cudnn));
}

BOOST_AUTO_TEST_CASE(a_file_of_choices_that_is_damaged_is_refused) {
  const TemporaryFolder scratch;
  const auto file = scratch / "kernels.csv";
  const auto message_of = [&](const std::string& text) -> std::string {
    if (!text.empty()) write_file(file, text);
    try {
      KernelChoices().keep_in(file, true);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string header = "convolution,kernels,own_microseconds,cudnn_microseconds\n";
  BOOST_TEST(message_of("").ends_with("expected the kernels that this run chose when it began, got none; others would "
                                      "give other sums"));
  BOOST_TEST(message_of(header + "a,own,1,2\nb,cudnn,2,1\n") == "");
  BOOST_TEST(message_of(header + "a,own,1,2\nb,cud") == "");  // a process that was killed
  BOOST_TEST(read_file(file) == header + "a,own,1,2\n");
  for (const std::string row : {"a,best,1,2\n", "a,mine,1,2\n", "a,own,1,2\na,cudnn,1,2\n", "a,own\n"})
    BOOST_TEST(message_of(header + row).find("kernels.csv:") != std::string::npos, row);
  BOOST_TEST(message_of("convolution,kernels\n") != "");
}

BOOST_AUTO_TEST_SUITE_END()
