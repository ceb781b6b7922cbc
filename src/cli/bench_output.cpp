#include <cstdio>
#include <fmt/core.h>

#include "base/units.hpp"
#include "cli/bench.hpp"
#include "cli/json.hpp"

namespace danas {
namespace {

/// Options of how a row is measured.
std::string measuring_options(const BenchRow& row) {
  const std::optional<Kernels> kernels = row.arguments.machine.kernels;
  return fmt::format("--threads {}{} --seconds {} --rounds {}", row.threads,
                     kernels ? fmt::format(" --kernels {}", name_of(*kernels)) : "", row.arguments.seconds,
                     row.arguments.rounds);
}

/// What a row comes to in the middle of its rounds.
struct Figures {
  Spread images_per_second, share_of_peak;
  double gflops, peak_gflops, gb_per_second, peak_gb_per_second;
  double peak_memory_mib, arena_mib;
  double without_graphs, two_lanes, four_lanes, own_kernels, cudnn_kernels;
};

Figures figures_of(const BenchRow& row) {
  Figures figures{};
  figures.images_per_second = row.spread(&BenchRound::images_per_second);
  figures.share_of_peak = row.spread([&](const BenchRound& round) { return row.share_of_peak(round); });
  figures.gflops = 1e-9 * row.flop * figures.images_per_second.median;
  figures.peak_gflops = row.median(&BenchRound::peak_gflops);
  figures.gb_per_second = 1e-9 * row.bytes * figures.images_per_second.median;
  figures.peak_gb_per_second = row.median(&BenchRound::peak_gb_per_second);
  figures.peak_memory_mib = row.spread(&BenchRound::peak_memory_mib).most;
  figures.arena_mib = row.spread(&BenchRound::arena_mib).most;
  figures.without_graphs = row.median(&BenchRound::without_graphs);
  figures.two_lanes = row.median(&BenchRound::two_lanes);
  figures.four_lanes = row.median(&BenchRound::four_lanes);
  figures.own_kernels = row.median(&BenchRound::own_kernels);
  figures.cudnn_kernels = row.median(&BenchRound::cudnn_kernels);
  return figures;
}

/// One operation beside what the machine can do.
struct OperationFigures {
  double milliseconds, gflops, share_of_peak, gb_per_second, share_of_bandwidth;
  const char* bound;  ///< what it is nearer to the limit of
};

OperationFigures figures_of(const TimedOperation& operation, const Figures& row) {
  OperationFigures figures{};
  figures.milliseconds = 1e3 * operation.seconds;
  figures.gflops = 1e-9 * (operation.cost.products + operation.cost.elementwise) / operation.seconds;
  figures.share_of_peak = figures.gflops / row.peak_gflops;
  figures.gb_per_second = 1e-9 * operation.cost.bytes() / operation.seconds;
  figures.share_of_bandwidth = figures.gb_per_second / row.peak_gb_per_second;
  figures.bound = figures.share_of_peak > figures.share_of_bandwidth ? "arithmetic" : "memory";
  return figures;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

double seconds_of_operations(const StepTimes& times) {
  double seconds = 0;
  for (const TimedOperation& operation : times.operations) seconds += operation.seconds;
  return seconds;
}

void print_operations(const StepTimes& times, const Figures& row) {
  const double operations = seconds_of_operations(times);
  fmt::print("\n{:<10} {:<30} {:>9} {:>7} {:>9} {:>7} {:>8} {:>12}  {}\n", "layer", "operation", "ms", "of step",
             "GFLOP/s", "of peak", "GB/s", "of bandwidth", "nearer limit");
  for (const TimedOperation& operation : times.operations) {
    const OperationFigures figures = figures_of(operation, row);
    fmt::print("{:<10} {:<30} {:>9.3f} {:>7} {:>9.2f} {:>7} {:>8.2f} {:>12}  {}\n", or_dash(operation.layer),
               operation.operation, figures.milliseconds, percent_text(operation.seconds / times.seconds),
               figures.gflops, percent_text(figures.share_of_peak), figures.gb_per_second,
               percent_text(figures.share_of_bandwidth), figures.bound);
  }
  fmt::print("{:<10} {:<30} {:>9.3f} {:>7}\n", "", "all operations", 1e3 * operations,
             percent_text(operations / times.seconds));
  fmt::print("{:<10} {:<30} {:>9.3f} {:>7}\n", "", "between them", 1e3 * (times.seconds - operations),
             percent_text(1 - operations / times.seconds));
  fmt::print("{:<10} {:<30} {:>9.3f}\n", "", "the step", 1e3 * times.seconds);
}

JsonObject operation_json(const TimedOperation& operation, const Figures& row) {
  const OperationFigures figures = figures_of(operation, row);
  JsonObject json;
  json.add("layer", operation.layer).add("operation", operation.operation);
  json.add("milliseconds", figures.milliseconds);
  json.add("gflops", figures.gflops).add("share_of_peak", figures.share_of_peak);
  json.add("gb_per_second", figures.gb_per_second).add("share_of_bandwidth", figures.share_of_bandwidth);
  json.add("bound", figures.bound);
  return json;
}

JsonObject round_json(const BenchRow& row, const BenchRound& round) {
  JsonObject json;
  json.add("images_per_second", round.images_per_second).add("peak_gflops", round.peak_gflops);
  json.add("share_of_peak", row.share_of_peak(round)).add("peak_gb_per_second", round.peak_gb_per_second);
  return json;
}

JsonObject row_json(const BenchRow& row) {
  const Figures figures = figures_of(row);
  JsonObject json;
  json.add("arch", row.arguments.system).add("batch", row.arguments.batch);
  json.add("mode", name_of(row.arguments.mode)).add("threads", row.threads).add("device", row.device);
  json.add("images_per_second", figures.images_per_second.median).add("gflops", figures.gflops);
  json.add("peak_gflops", figures.peak_gflops).add("share_of_peak", figures.share_of_peak.median);
  json.add("gb_per_second", figures.gb_per_second).add("peak_gb_per_second", figures.peak_gb_per_second);
  json.add("peak_memory_mib", figures.peak_memory_mib).add("arena_mib", figures.arena_mib);
  if (row.on_gpu) {
    json.add("images_per_second_without_graphs", figures.without_graphs);
    json.add("images_per_second_of_2_lanes", figures.two_lanes);
    json.add("images_per_second_of_4_lanes", figures.four_lanes);
    json.add("images_per_second_of_own_kernels", figures.own_kernels);
    json.add("images_per_second_of_cudnn", figures.cudnn_kernels);
  }
  json.add("command", "danas bench " + row_options(row.arguments) + " " + measuring_options(row));
  std::vector<JsonObject> rounds;
  for (const BenchRound& round : row.rounds) rounds.push_back(round_json(row, round));
  json.add("rounds", rounds);
  return json;
}

std::string range(double least, double most) { return fmt::format("{:.1f} to {:.1f}", least, most); }

/// More lanes than fit have none, nor has a cuDNN that is not there.
std::string speed_or_none(double speed) { return speed > 0 ? fmt::format("{:.1f}", speed) : "no"; }

}  // namespace

void print_row(const BenchRow& row, const StepTimes* times) {
  const Figures figures = figures_of(row);
  const Spread &speed = figures.images_per_second, &share = figures.share_of_peak;
  fmt::print("{} {}, batch {}, {}; medians of {} rounds (least to most)\n", name_of(row.arguments.mode),
             row.arguments.system, row.arguments.batch, row.device, row.rounds.size());
  fmt::print("  speed   {:.1f} images/s ({})\n", speed.median, range(speed.least, speed.most));
  fmt::print("  work    {:.2f} GFLOP/s of {:.1f} measured peak: {:.1f} % ({})\n", figures.gflops, figures.peak_gflops,
             100 * share.median, range(100 * share.least, 100 * share.most));
  fmt::print("  bytes   {:.2f} GB/s of operations' operands; the machine copies {:.1f} GB/s\n", figures.gb_per_second,
             figures.peak_gb_per_second);
  if (row.on_gpu) {
    fmt::print("  memory  {:.0f} MiB of the GPU for activations and scratch, {:.0f} MiB of the host at most\n",
               figures.arena_mib, figures.peak_memory_mib);
    fmt::print("  graphs  {:.1f} images/s without\n", figures.without_graphs);
    fmt::print("  lanes   {} images/s of 2, {} of 4\n", speed_or_none(figures.two_lanes),
               speed_or_none(figures.four_lanes));
    fmt::print("  kernels {} images/s by own, {} by cuDNN\n", speed_or_none(figures.own_kernels),
               speed_or_none(figures.cudnn_kernels));
  } else {
    fmt::print("  memory  {:.0f} MiB at most, {:.0f} MiB of them activations and scratch\n", figures.peak_memory_mib,
               figures.arena_mib);
  }
  if (times) print_operations(*times, figures);
}

void print_row_json(const BenchRow& row, const StepTimes* times) {
  JsonObject json = row_json(row);
  if (times) {
    std::vector<JsonObject> operations;
    for (const TimedOperation& operation : times->operations)
      operations.push_back(operation_json(operation, figures_of(row)));
    json.add("step_milliseconds", 1e3 * times->seconds);
    json.add("operations_milliseconds", 1e3 * seconds_of_operations(*times)).add("operations", operations);
  }
  fmt::print("{}\n", json.text());
}

void print_suite(const std::vector<BenchRow>& rows) {
  const BenchRow& first = rows.front();
  fmt::print("{}; medians of {} rounds, each row beside the machine's own limits\n\n", first.device,
             first.rounds.size());
  fmt::print("{:<58} {:>9} {:>8} {:>6} {:>7} {:>13} {:>6} {:>5} {:>6}\n", "row", "images/s", "GFLOP/s", "peak", "share",
             "least to most", "GB/s", "peak", "MiB");
  for (const BenchRow& row : rows) {
    const Figures figures = figures_of(row);
    const Spread& share = figures.share_of_peak;
    fmt::print("{:<58} {:>9.1f} {:>8.1f} {:>6.1f} {:>7} {:>13} {:>6.1f} {:>5.1f} {:>6.0f}\n",
               row_options(row.arguments), figures.images_per_second.median, figures.gflops, figures.peak_gflops,
               percent_text(share.median), range(100 * share.least, 100 * share.most), figures.gb_per_second,
               figures.peak_gb_per_second, figures.peak_memory_mib);
  }
  fmt::print("\nA row by itself: danas bench ROW {}\n", measuring_options(first));
}

void print_suite_json(const std::vector<BenchRow>& rows) {
  std::vector<JsonObject> values;
  for (const BenchRow& row : rows) values.push_back(row_json(row));
  fmt::print("{}\n", JsonObject().add("rows", values).text());
}

}  // namespace danas
