// Every operation on emulated kernels against the reference: all shapes of the selftest, threads and blocks in several
// orders. Guards and gaps are the selftest's; memory that nobody wrote is NaN.
#define BOOST_TEST_MODULE cuda
#include <boost/test/unit_test.hpp>

#include <set>

#include "cuda/cuda.hpp"
#include "machine.hpp"
#include "tensor/selftest_side.hpp"

using namespace danas;
using emulation::Order;

namespace {

constexpr std::size_t all_operations = 36, exact_operations = 16;

void check_rows(const std::vector<SelftestRow>& rows) {
  for (const SelftestRow& row : rows)
    BOOST_CHECK_MESSAGE(row.passed(), row.op << " is off by " << row.worst_error << " (tolerance " << row.tolerance
                                             << ") at " << row.worst_case << ", " << row.cases << " cases");
}

void check_table(Order order, SelftestFill fill, std::size_t expected) {
  emulation::set_order(order);
  const auto backend = make_cuda_backend(0), reference = make_reference_backend(Type::f32);
  const std::vector<SelftestRow> rows = selftest(*backend, *reference, fill);
  BOOST_CHECK_EQUAL(rows.size(), expected);
  check_rows(rows);
  emulation::set_order(Order::forward);
}

}  // namespace

// The threads are the emulated ones, between whose barriers the thread sanitizer looks for races.
BOOST_AUTO_TEST_SUITE(operations, *boost::unit_test::label("threads"))

BOOST_AUTO_TEST_CASE(every_operation_agrees_with_the_reference) {
  check_table(Order::forward, SelftestFill::reals, all_operations);
}

BOOST_AUTO_TEST_CASE(small_integers_are_exact) {
  check_table(Order::reverse, SelftestFill::integers, exact_operations);
}

// So many rows that they are cut in parts, the last one shorter: more than the table has.
BOOST_AUTO_TEST_CASE(gradients_of_filters_over_many_rows) {
  const auto backend = make_cuda_backend(0), reference = make_reference_backend(Type::f32);
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
        SelftestSide mine(*backend, random, fill), right(*reference, random, fill);
        run(mine);
        run(right);
        BOOST_TEST(mine.error_against(right) <= (fill == SelftestFill::integers ? 0 : 1e-5));
      }
    }
}

// No order of threads and blocks changes a bit, nor does another run.
BOOST_AUTO_TEST_CASE(every_operation_gives_the_same_bits_in_any_order) {
  const auto backend = make_cuda_backend(0);
  const SelftestTable table = selftest_table();
  std::set<std::string> compared;
  std::uint64_t number = 0;
  for (const SelftestCase& each : table.cases()) {
    const Random random(1, "orders", ++number);
    SelftestSide forward(*backend, random, SelftestFill::reals);
    emulation::set_order(Order::forward);
    each.run(forward);
    for (const Order order : {Order::reverse, Order::shuffled}) {
      emulation::set_order(order);
      SelftestSide other(*backend, random, SelftestFill::reals);
      each.run(other);
      BOOST_CHECK_MESSAGE(other.same_bits(forward), each.op << " " << each.shape);
    }
    compared.insert(each.op);
  }
  emulation::set_order(Order::forward);
  BOOST_CHECK_EQUAL(compared.size(), all_operations);
}

BOOST_AUTO_TEST_SUITE_END()
