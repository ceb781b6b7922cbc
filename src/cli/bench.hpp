// Rows of `danas bench`: what is measured, in rounds, and how it is told.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/commands.hpp"

namespace danas {

/// One measurement of a row, and of the machine right after it.
struct BenchRound {
  double images_per_second = 0;
  double peak_gflops = 0, peak_gb_per_second = 0;
  double peak_memory_mib = 0, arena_mib = 0;  ///< of the host's process; of activations and scratch

  // Of a GPU: without graphs; of several networks side by side, all together, 0: they failed; by whose kernels, 0: there are
  // none.
  double without_graphs = 0, two_lanes = 0, four_lanes = 0;
  double own_kernels = 0, cudnn_kernels = 0;
};

struct Spread {
  double least = 0, median = 0, most = 0;
};
Spread spread_of(std::vector<double> values);  ///< of at least one

struct BenchRow {
  BenchArguments arguments;
  std::string device;
  int threads = 0;
  bool on_gpu = false;
  double flop = 0, bytes = 0;  ///< of one image: useful operations, operands of all operations
  std::vector<BenchRound> rounds;

  double gflops(const BenchRound& round) const { return 1e-9 * flop * round.images_per_second; }
  double share_of_peak(const BenchRound& round) const { return gflops(round) / round.peak_gflops; }
  /// Of `value` over the rounds.
  Spread spread(const std::function<double(const BenchRound&)>& value) const;
  double median(const std::function<double(const BenchRound&)>& value) const { return spread(value).median; }
};

/// Without rounds; throws Error where the arguments are none of this machine's.
BenchRow bench_row(const BenchArguments& arguments);
/// Measures all rows one after the other, as many times as their arguments say.
void measure(std::vector<BenchRow>& rows);
/// The layers that a row runs: a supernet has the heads of all exits, a candidate its own.
LayerList bench_layers(const BenchArguments& arguments);
/// The options that say what is measured: "--arch 96,rgb,3-4-3-3-1,1.0 --batch 32 --mode train".
std::string row_options(const BenchArguments& arguments);
/// The full networks, at the sizes and batches that the project goes by; of those, the rows whose options hold
/// `common.suite_rows`. Throws Error where there is none.
std::vector<BenchArguments> bench_suite(const BenchArguments& common);

/// `times`: of the row's operations, or none.
void print_row(const BenchRow& row, const StepTimes* times);
void print_row_json(const BenchRow& row, const StepTimes* times);
void print_suite(const std::vector<BenchRow>& rows);
void print_suite_json(const std::vector<BenchRow>& rows);

/// Measures and tells how fast images are decoded or loaded (Work::decode, Work::load), for the network's input.
void bench_data(const BenchArguments& arguments);

}  // namespace danas
