// What Thrust does, on its host backend: skipped without a toolkit's headers.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "cuda/cuda.hpp"
#include "cuda/reductions.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(), no_number = std::numeric_limits<float>::quiet_NaN();

boost::test_tools::assertion_result has_thrust(boost::unit_test::test_unit_id) {
#ifdef DANAS_HAS_THRUST
  return true;
#else
  boost::test_tools::assertion_result none(false);
  none.message() << "no headers of Thrust";
  return none;
#endif
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reductions)

BOOST_AUTO_TEST_CASE(the_first_number_that_is_not_finite_is_found, *boost::unit_test::precondition(has_thrust)) {
  for (const std::size_t count : {0u, 1u, 2u, 31u, 33u, 4096u, 100001u}) {
    std::vector<float> numbers(count, -std::numeric_limits<float>::max());
    const auto first = [&] {
      return cuda::first_not_finite(numbers.data(), static_cast<std::int64_t>(count), nullptr, {});
    };
    BOOST_TEST(first() == static_cast<std::int64_t>(count));
    for (const std::size_t place : {count - 1, count / 2, std::size_t{0}})  // from the last to the first
      if (place < count) {
        numbers[place] = place % 2 == 0 ? no_number : -infinity;
        BOOST_TEST(first() == static_cast<std::int64_t>(place));
      }
  }
}

// Of every type as the CPU's, after what the stream was told before.
BOOST_AUTO_TEST_CASE(a_backend_finds_what_the_cpu_finds) {
  const auto emulated = make_cuda_backend(0), cpu = make_cpu_backend(1);
  for (const Type type : {Type::f32, Type::f64, Type::i32})
    for (const double last : {1.0, type == Type::i32 ? 3.0 : -HUGE_VAL}) {
      const auto found = [&](Backend& backend) {
        const Tensor from(backend, View{type, nullptr, 1, 1, 1, 300}), to(backend, from.view());
        std::vector<double> numbers(300, 2);
        numbers[288] = last;
        upload_numbers(backend, numbers, from.view());
        backend.record([&] { backend.copy(from.view(), to.view()); })->run();
        return backend.first_not_finite(to.view());
      };
      BOOST_TEST((found(*emulated) == found(*cpu)));
      BOOST_TEST(found(*emulated).has_value() == std::isinf(last));
    }
}

BOOST_AUTO_TEST_SUITE_END()
