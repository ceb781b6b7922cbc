#include "tensor/selftest.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "tensor/selftest_side.hpp"

namespace danas {

namespace {

constexpr std::uint64_t most_attempts = 200;

// Of its tolerance.
double share(double error, double tolerance) { return tolerance > 0 ? error / tolerance : error; }

void note(std::vector<SelftestRow>& rows, const SelftestCase& each, double error, double tolerance) {
  auto row = std::find_if(rows.begin(), rows.end(), [&](const SelftestRow& other) { return other.op == each.op; });
  if (row == rows.end()) row = rows.insert(row, SelftestRow{each.op, 0, tolerance, 0, {}});
  if (row->cases++ > 0 && share(error, tolerance) <= share(row->worst_error, row->tolerance)) return;
  row->worst_error = error;
  row->tolerance = tolerance;
  row->worst_case = each.shape;
}

}  // namespace

SelftestTable selftest_table() {
  SelftestTable table;
  add_product_cases(table);
  add_normalization_cases(table);
  add_elementwise_cases(table);
  add_training_cases(table);
  add_bottleneck_cases(table);
  add_normalized_convolution_cases(table);
  add_precision_cases(table);
  add_products_by_four(table);
  add_normalizations_by_four(table);
  add_distillation_cases(table);
  add_slice_update_cases(table);
  return table;
}

std::vector<SelftestRow> selftest(Backend& device, Backend& reference, SelftestFill fill) {
  if (&device == &reference) throw expected("selftest", "two backends", "the same one twice", Fault::failure);
  const Type type = device.activation_type();
  const auto exact = bytes_of(type) < bytes_of(Type::f32) ? make_reference_backend(Type::f64) : nullptr;
  std::vector<SelftestRow> rows;
  std::uint64_t number = 0;
  const SelftestTable table = selftest_table();
  for (const SelftestCase& each : table.cases()) {
    ++number;
    if (fill == SelftestFill::integers && !each.exact_in_integers) continue;
    // Operands near a kink of ReLU6, where rounding decides, are drawn again.
    for (std::uint64_t attempt = 0; attempt < most_attempts; ++attempt) {
      const Random random(1, "selftest", number, attempt);
      SelftestSide right(reference, random, fill, type);
      each.run(right);
      if (right.near_kink() && attempt + 1 < most_attempts) continue;
      double tolerance = fill == SelftestFill::integers ? 0 : each.tolerance;
      if (exact && tolerance > 0) {
        SelftestSide unrounded(*exact, random, fill, type);
        each.run(unrounded);
        tolerance += 2 * right.error_against(unrounded);
      }
      SelftestSide mine(device, random, fill, type);
      each.run(mine);
      note(rows, each, mine.error_against(right), tolerance);
      break;
    }
  }
  return rows;
}

}  // namespace danas
