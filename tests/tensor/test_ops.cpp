#define BOOST_TEST_MODULE tensor
#include <boost/test/unit_test.hpp>
#include <limits>
#include <set>

#include "../foreign_backend.hpp"
#include "backends.hpp"
#include "tensor/reference_backend.hpp"
#include "tensor/selftest_side.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

constexpr std::size_t operations = 40;
constexpr std::size_t exact_operations = 18;

void check_rows(const std::string& name, const std::vector<SelftestRow>& rows) {
  for (const SelftestRow& row : rows)
    BOOST_CHECK_MESSAGE(row.passed(), name << ": " << row.op << " is off by " << row.worst_error << " (tolerance "
                                           << row.tolerance << ") at " << row.worst_case << ", " << row.cases
                                           << " cases");
}

const SelftestRow& row_of(const std::vector<SelftestRow>& rows, const std::string& op) {
  for (const SelftestRow& row : rows)
    if (row.op == op) return row;
  throw std::logic_error("no row " + op);
}

// Backends with one planted error each.
struct WritesTooFar : ReferenceBackend<float> {
  void add(const View& a, const View& b, const View& y) override {
    ReferenceBackend<float>::add(a, b, y);
    y.as<float>()[y.size()] = 0;
  }
};
struct WritesIntoGaps : ReferenceBackend<float> {
  void matmul_backward_filter(const View& x, const View& dy, const Filter& dw) override {
    ReferenceBackend<float>::matmul_backward_filter(x, dy, dw);
    if (!dw.dense()) dw.as<float>()[dw.out] = 0;
  }
};
struct LeavesTheLastElement : ReferenceBackend<float> {
  void global_average_pool(const View& x, const View& y) override {
    ReferenceBackend<float>::global_average_pool(x, y);
    y.as<float>()[y.size() - 1] = std::numeric_limits<float>::quiet_NaN();
  }
};
struct ChangesItsInput : ReferenceBackend<float> {
  void bias_backward(const View& dy, const View& dbias) override {
    ReferenceBackend<float>::bias_backward(dy, dbias);
    dy.as<float>()[0] += 1;
  }
};
struct IsSlightlyOff : ReferenceBackend<float> {
  void depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                 const View& y) override {
    ReferenceBackend<float>::depthwise(x, w, geometry, bias, act, y);
    y.as<float>()[y.size() / 2] += 1e-4f;
  }
};

struct LosesTheLoss : ReferenceBackend<float> {
  void softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                             const View& sums) override {
    ReferenceBackend<float>::softmax_cross_entropy(logits, labels, probabilities, sums);
    set(sums, 0, std::numeric_limits<double>::quiet_NaN());
  }
};

// What the reference composes of other operations fails with them.
bool composed(const std::string& op) { return op.starts_with("bottleneck") || op == "features_inference"; }

template <class Faulty>
void check_only_fails(const std::string& op) {
  Faulty faulty;
  ReferenceBackend<float> reference;
  for (const SelftestRow& row : selftest(faulty, reference))
    if (!composed(row.op)) BOOST_CHECK_MESSAGE(row.passed() == (row.op != op), row.op);
}

}  // namespace

FOR_EACH_INSTRUCTION_SET(every_operation_agrees_with_the_reference) {
  const auto backend = make_cpu_backend(2, instruction_set), reference = make_reference_backend(Type::f32);
  const std::vector<SelftestRow> rows = selftest(*backend, *reference);
  BOOST_CHECK_EQUAL(rows.size(), operations);
  check_rows(backend->name(), rows);
}

FOR_EACH_INSTRUCTION_SET(small_integers_are_exact) {
  const auto backend = make_cpu_backend(1, instruction_set), reference = make_reference_backend(Type::f32);
  const std::vector<SelftestRow> rows = selftest(*backend, *reference, SelftestFill::integers);
  BOOST_CHECK_EQUAL(rows.size(), exact_operations);
  check_rows(backend->name() + " on integers", rows);
}

// So many inputs of a dense layer, or outputs where its filter is transposed, that tasks are parts of a panel.
FOR_EACH_INSTRUCTION_SET(a_deep_filter_is_packed_in_parts) {
  const auto backend = make_cpu_backend(3, instruction_set), reference = make_reference_backend(Type::f64);
  const auto run = [](SelftestSide& side) {
    side.backend().matmul(side.input(3, 1, 1, 2500), side.filter(1, 1, 2500, 9, true), {}, Activation::none,
                          side.result(3, 1, 1, 9));
    side.backend().matmul_backward_input(side.input(5, 1, 1, 1100), side.filter(1, 1, 37, 1100, true),
                                         side.result(5, 1, 1, 37));
  };
  const Random random(1, "packed in parts");
  SelftestSide mine(*backend, random, SelftestFill::reals), right(*reference, random, SelftestFill::reals);
  run(mine);
  run(right);
  BOOST_TEST(mine.error_against(right) <= 1e-5);
}

BOOST_AUTO_TEST_SUITE(any_number_of_threads, *boost::unit_test::label("threads") * boost::unit_test::label("slow"))

// Every case of the table, so that every operation and every tail; threads that do not divide the tasks too.
FOR_EACH_INSTRUCTION_SET(every_operation_gives_the_same_bits_on_any_number_of_threads) {
  const auto one = make_cpu_backend(1, instruction_set);
  const SelftestTable table = selftest_table();
  std::set<std::string> compared;
  for (const int threads : thread_counts({2, 3, 4, 7})) {
    const auto many = make_cpu_backend(threads, instruction_set);
    std::uint64_t number = 0;
    for (const SelftestCase& each : table.cases()) {
      const Random random(1, "threads", ++number);
      SelftestSide alone(*one, random, SelftestFill::reals), shared(*many, random, SelftestFill::reals);
      each.run(alone);
      each.run(shared);
      BOOST_CHECK_MESSAGE(shared.same_bits(alone), each.op << " " << each.shape << " on " << threads << " threads");
      compared.insert(each.op);
    }
  }
  BOOST_CHECK_EQUAL(compared.size(), operations);
}

BOOST_AUTO_TEST_SUITE_END()

// Nothing but the backend itself reads or writes its memory.
BOOST_AUTO_TEST_CASE(the_table_runs_on_memory_that_is_not_the_hosts) {
  test::ForeignBackend backend(2);
  const auto reference = make_reference_backend(Type::f32);
  check_rows("foreign", selftest(backend, *reference));
}

BOOST_AUTO_TEST_CASE(the_reference_in_float_agrees_with_the_one_in_double) {
  const auto reference = make_reference_backend(Type::f64), rounded = make_reference_backend(Type::f32);
  check_rows("reference f32", selftest(*rounded, *reference));
}

BOOST_AUTO_TEST_CASE(the_table_sees_planted_errors, *boost::unit_test::label("slow")) {
  check_only_fails<WritesTooFar>("add");
  check_only_fails<WritesIntoGaps>("matmul_backward_filter");
  check_only_fails<LeavesTheLastElement>("global_average_pool");
  check_only_fails<ChangesItsInput>("bias_backward");
  check_only_fails<IsSlightlyOff>("depthwise");
}

BOOST_AUTO_TEST_CASE(the_table_covers_what_it_says) {
  const auto backend = make_cpu_backend(1, "portable"), reference = make_reference_backend(Type::f64);
  const std::vector<SelftestRow> rows = selftest(*backend, *reference);
  BOOST_CHECK_GE(row_of(rows, "convolution").cases, 290);
  BOOST_CHECK_GE(row_of(rows, "depthwise").cases, 200);
  BOOST_CHECK_GE(row_of(rows, "matmul").cases, 90);
  BOOST_CHECK_GE(row_of(rows, "bottleneck_backward").cases, 18);
}

BOOST_AUTO_TEST_CASE(a_backend_is_not_compared_with_itself) {
  const auto reference = make_reference_backend(Type::f64);
  BOOST_CHECK_THROW(selftest(*reference, *reference), Error);
}

// What is no number on the reference's side is no agreement either.
BOOST_AUTO_TEST_CASE(a_reference_without_numbers_is_a_failure, *boost::unit_test::label("slow")) {
  ReferenceBackend<float> device;
  LeavesTheLastElement broken_view;
  LosesTheLoss broken_number;
  BOOST_CHECK(!row_of(selftest(device, broken_view), "global_average_pool").passed());
  BOOST_CHECK(!row_of(selftest(device, broken_number), "softmax_cross_entropy").passed());
}
