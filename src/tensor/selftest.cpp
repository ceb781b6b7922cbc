#include "tensor/selftest.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "tensor/selftest_side.hpp"

namespace danas {

namespace {

constexpr std::uint64_t most_attempts = 200;

SelftestRow& row_of(std::vector<SelftestRow>& rows, const SelftestCase& each, SelftestFill fill) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const SelftestRow& row) { return row.op == each.op; });
  if (found != rows.end()) return *found;
  SelftestRow row;
  row.op = each.op;
  row.tolerance = fill == SelftestFill::integers ? 0 : each.tolerance;
  rows.push_back(std::move(row));
  return rows.back();
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
  return table;
}

std::vector<SelftestRow> selftest(Backend& device, Backend& reference, SelftestFill fill) {
  if (&device == &reference) throw expected("selftest", "two backends", "the same one twice", Fault::failure);
  std::vector<SelftestRow> rows;
  std::uint64_t number = 0;
  const SelftestTable table = selftest_table();
  for (const SelftestCase& each : table.cases()) {
    ++number;
    if (fill == SelftestFill::integers && !each.exact_in_integers) continue;
    // Operands near a kink of ReLU6, where rounding decides, are drawn again.
    for (std::uint64_t attempt = 0; attempt < most_attempts; ++attempt) {
      const Random random(1, "selftest", number, attempt);
      SelftestSide right(reference, random, fill);
      each.run(right);
      if (right.near_kink() && attempt + 1 < most_attempts) continue;
      SelftestSide mine(device, random, fill);
      each.run(mine);
      SelftestRow& row = row_of(rows, each, fill);
      const double error = mine.error_against(right);
      if (row.cases++ == 0 || error > row.worst_error) {
        row.worst_error = error;
        row.worst_case = each.shape;
      }
      break;
    }
  }
  return rows;
}

}  // namespace danas
