// Every operation on emulated kernels against the reference: all shapes of the selftest, threads and blocks in several
// orders. Guards and gaps are the selftest's; memory that nobody wrote is NaN.
#define BOOST_TEST_MODULE cuda
#include <boost/test/unit_test.hpp>

#include <array>
#include <set>

#include "cuda/cuda.hpp"
#include "machine.hpp"
#include "tensor/selftest_side.hpp"

using namespace danas;
using emulation::Order;

namespace {

constexpr std::size_t all_operations = 40, exact_operations = 18;

void check_rows(const std::vector<SelftestRow>& rows) {
  for (const SelftestRow& row : rows)
    BOOST_CHECK_MESSAGE(row.passed(), row.op << " is off by " << row.worst_error << " (tolerance " << row.tolerance
                                             << ") at " << row.worst_case << ", " << row.cases << " cases");
}

void check_table(Type type, Order order, SelftestFill fill, std::size_t expected) {
  BOOST_TEST_CONTEXT(name_of(type)) {
    emulation::set_order(order);
    const auto backend = make_cuda_backend(0, type), reference = make_reference_backend(type);
    const std::vector<SelftestRow> rows = selftest(*backend, *reference, fill);
    BOOST_CHECK_EQUAL(rows.size(), expected);
    check_rows(rows);
    emulation::set_order(Order::forward);
  }
}

constexpr std::array<Type, 3> types{Type::f32, Type::f16, Type::bf16};

}  // namespace

BOOST_AUTO_TEST_SUITE(operations)

// The threads of a test are the emulated ones, between whose barriers the thread sanitizer looks for races: in these two,
// which launch every kernel.
BOOST_AUTO_TEST_CASE(every_operation_agrees_with_the_reference, *boost::unit_test::label("threads")) {
  check_table(Type::f32, Order::forward, SelftestFill::reals, all_operations);
}

BOOST_AUTO_TEST_CASE(every_operation_in_f16_agrees_with_the_reference_that_rounds_at_the_same_stores,
                     *boost::unit_test::label("threads")) {
  check_table(Type::f16, Order::reverse, SelftestFill::reals, all_operations);
}

BOOST_AUTO_TEST_CASE(every_operation_in_bf16_agrees_with_the_reference_that_rounds_at_the_same_stores,
                     *boost::unit_test::label("slow")) {
  check_table(Type::bf16, Order::shuffled, SelftestFill::reals, all_operations);
}

BOOST_AUTO_TEST_CASE(small_integers_are_exact, *boost::unit_test::label("slow")) {
  check_table(Type::f32, Order::reverse, SelftestFill::integers, exact_operations);
  check_table(Type::f16, Order::shuffled, SelftestFill::integers, exact_operations);
  check_table(Type::bf16, Order::forward, SelftestFill::integers, exact_operations);
}

// So many rows that they are cut in parts, the last one shorter: more than the table has.
BOOST_AUTO_TEST_CASE(gradients_of_filters_over_many_rows) {
  for (const Type type : types) {
    const auto backend = make_cuda_backend(0, type), reference = make_reference_backend(type);
    for (const std::int64_t kernel : {1, 3})
      for (const bool gaps : {false, true}) {
        const auto run = [&](SelftestSide& side) {
          const Geometry geometry{1, Padding::same};
          const View x = side.input(2, 61, 43, 7), dy = side.input(2, 61, 43, 9);
          side.backend().convolution_backward_filter(x, dy, geometry, side.filter_result(kernel, kernel, 7, 9, gaps));
          const View wide = side.input(2, 61, 43, 9);
          side.backend().depthwise_backward_filter(wide, dy, geometry, side.filter_result(kernel, kernel, 1, 9, gaps));
        };
        for (const SelftestFill fill : {SelftestFill::reals, SelftestFill::integers}) {
          const Random random(1, "many rows");
          SelftestSide mine(*backend, random, fill, type), right(*reference, random, fill, type);
          run(mine);
          run(right);
          BOOST_TEST(mine.error_against(right) <= (fill == SelftestFill::integers ? 0 : 1e-5));
        }
      }
  }
}

// So many rows that a block has several tiles of them, and a thread several strips: sums over them, the statistics by way of
// y. Gradients by x are left out, as an element near a kink of ReLU6 may have another one by itself.
BOOST_AUTO_TEST_CASE(a_block_of_many_rows, *boost::unit_test::label("slow")) {
  constexpr double epsilon = 1e-3;
  const auto run = [](SelftestSide& side) {
    BottleneckWeights weights;
    BottleneckGradients gradients;
    const auto normalization = [&](std::int64_t channels) {
      const View gamma = side.vector_result(channels);
      return BatchNormGradients{gamma, side.vector_result(channels)};
    };
    weights.expand = side.filter(1, 1, 4, 40, false);
    weights.bn1 = side.batch_norm_weights(40);
    weights.depthwise = side.filter(3, 3, 1, 40, false);
    weights.bn2 = side.batch_norm_weights(40);
    weights.project = side.filter(1, 1, 40, 4, false);
    weights.bn3 = side.batch_norm_weights(4);
    gradients.expand = side.filter_result(1, 1, 4, 40, false);
    gradients.bn1 = normalization(40);
    gradients.depthwise = side.filter_result(3, 3, 1, 40, false);
    gradients.bn2 = normalization(40);
    gradients.project = side.filter_result(1, 1, 40, 4, false);
    gradients.bn3 = normalization(4);
    const View x = side.input(1, 261, 255, 4, 2, 3), dy = side.input(1, 261, 255, 4);
    BottleneckSaved saved;
    side.backend().bottleneck_training(x, weights, epsilon, side.arena(), side.result(1, 261, 255, 4), saved);
    side.backend().bottleneck_backward(x, dy, weights, epsilon, saved, side.arena(), {}, gradients);
  };
  const auto exact = make_reference_backend(Type::f64);
  for (const Type type : {Type::f32, Type::f16}) {
    const auto backend = make_cuda_backend(0, type), reference = make_reference_backend(type);
    const Random random(1, "many rows of a block");
    SelftestSide mine(*backend, random, SelftestFill::reals, type);
    SelftestSide right(*reference, random, SelftestFill::reals, type);
    SelftestSide unrounded(*exact, random, SelftestFill::reals, type);
    run(mine);
    run(right);
    run(unrounded);
    const double error = mine.error_against(right), allowed = 1e-4 + 2 * right.error_against(unrounded);
    BOOST_TEST_MESSAGE(name_of(type) << ": off by " << error << ", allowed " << allowed);
    BOOST_TEST(error <= allowed);
  }
}

// No order of threads and blocks changes a bit, nor does another run.
BOOST_AUTO_TEST_CASE(every_operation_gives_the_same_bits_in_any_order, *boost::unit_test::label("slow")) {
  const SelftestTable table = selftest_table();
  std::set<std::string> compared;
  std::uint64_t number = 0;
  std::vector<std::unique_ptr<Backend>> backends;
  for (const Type type : types) backends.push_back(make_cuda_backend(0, type));
  for (const SelftestCase& each : table.cases()) {
    const Random random(1, "orders", ++number);
    Backend& backend = *backends[number % backends.size()];
    const Type type = backend.activation_type();
    SelftestSide forward(backend, random, SelftestFill::reals, type);
    emulation::set_order(Order::forward);
    each.run(forward);
    for (const Order order : {Order::reverse, Order::shuffled}) {
      emulation::set_order(order);
      SelftestSide other(backend, random, SelftestFill::reals, type);
      each.run(other);
      BOOST_CHECK_MESSAGE(other.same_bits(forward), each.op << " " << each.shape << " in " << name_of(type));
    }
    compared.insert(each.op);
  }
  emulation::set_order(Order::forward);
  BOOST_CHECK_EQUAL(compared.size(), all_operations);
}

BOOST_AUTO_TEST_SUITE_END()
