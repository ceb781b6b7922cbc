#include "cli/kernel_table.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/units.hpp"

namespace danas {

void KernelTable::add(const std::vector<cuda::KernelLaunch>& launches, double times) {
  for (const cuda::KernelLaunch& launch : launches) {
    Row& row = rows_[{launch.operation, launch.kernel}];
    row.operation = launch.operation;
    row.kernel = launch.kernel;
    const cuda::KernelTime time = cuda::kernel_time(launch, rates_, precision_);
    row.sum += {times * time.seconds(), times, times * launch.flop, times * cuda::moved_bytes(launch, rates_)};
    row.by_bound[time.bound()] += times * time.seconds();
  }
}

std::string KernelTable::Row::bound() const {
  const auto longest = std::max_element(by_bound.begin(), by_bound.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  return longest->first;
}

std::vector<KernelTable::Row> KernelTable::rows() const {
  std::vector<Row> sorted;
  for (const auto& [names, row] : rows_) sorted.push_back(row);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Row& a, const Row& b) { return a.sum.with_graph() > b.sum.with_graph(); });
  return sorted;
}

cuda::ModeledStep KernelTable::sum() const {
  cuda::ModeledStep sum;
  for (const auto& [names, row] : rows_) sum += row.sum;
  return sum;
}

void KernelTable::print(std::size_t most, double unit, const char* name) const {
  const double all = sum().with_graph();
  fmt::print("{}, by kernel\n", model_label);
  fmt::print("{:<30} {:<24} {:>10} {:>9} {:>8} {:>10} {:>9}  {}\n", "operation", "kernel", "launches", name, "of all",
             "GB", "TFLOP", "bound by");
  std::vector<Row> sorted = rows();
  for (std::size_t i = 0; i < std::min(most, sorted.size()); ++i) {
    const Row& row = sorted[i];
    const double seconds = row.sum.with_graph();
    fmt::print("{:<30} {:<24} {:>10.0f} {:>9.4f} {:>8} {:>10.3f} {:>9.4f}  {}\n", row.operation, row.kernel,
               row.sum.launches, seconds / unit, percent_text(seconds / all), 1e-9 * row.sum.bytes,
               1e-12 * row.sum.flop, row.bound());
  }
}

}  // namespace danas
