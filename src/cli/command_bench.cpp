#include <cstdio>
#include <fmt/core.h>

#include "base/peak_memory.hpp"
#include "base/units.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/measure.hpp"
#include "cli/session.hpp"
#include "nn/cost.hpp"
#include "nn/mobilenet_v2.hpp"
#include "tensor/cpu/peak.hpp"

namespace danas {
namespace {

struct BenchRow {
  std::string arch, mode, device;
  int batch = 0, threads = 0;
  double images_per_second = 0, gflops = 0, peak_gflops = 0, gb_per_second = 0, peak_gb_per_second = 0;
  double peak_memory_mib = 0, arena_mib = 0;
};

/// Of one image.
Cost cost_of(const LayerList& layers, Work work, int batch) {
  if (work == Work::evaluate) return inference_cost(layers);
  TrainingSettings settings;
  settings.batch = batch;
  Cost cost = training_cost(layers, settings).step;
  cost.products /= batch;
  cost.read /= batch;
  cost.written /= batch;
  return cost;
}

BenchRow measure(const BenchArguments& arguments) {
  const System system = read_system(arguments.system);
  const auto backend = open_backend(arguments.machine);
  const Work work = arguments.mode;
  // A supernet has the heads of all exits, a candidate its own.
  const LayerList own = system_layers(system, 2);
  const LayerList layers = work == Work::train ? with_exit_heads(own) : own;
  const Speed speed = measure_speed(*backend, layers, work, arguments.batch, arguments.seconds);
  const Cost cost = cost_of(layers, work, arguments.batch);

  BenchRow row;
  row.arch = system.text();
  row.mode = name_of(work);
  row.device = backend->name();
  row.batch = arguments.batch;
  row.threads = backend->threads();
  row.images_per_second = speed.images_per_second;
  row.gflops = 1e-9 * cost.products * speed.images_per_second;
  row.gb_per_second = 1e-9 * cost.bytes() * speed.images_per_second;
  row.peak_memory_mib = peak_memory_mib();  // before the machine's peaks are measured in memory of their own
  row.arena_mib = mebibytes(static_cast<double>(speed.arena_bytes));
  const MachinePeak peak = measure_peak(row.threads, 0.5);
  row.peak_gflops = peak.gflops;
  row.peak_gb_per_second = peak.gb_per_second;
  return row;
}

void print_json(const BenchRow& row) {
  JsonObject json;
  json.add("arch", row.arch).add("batch", row.batch).add("mode", row.mode).add("threads", row.threads);
  json.add("device", row.device).add("images_per_second", row.images_per_second).add("gflops", row.gflops);
  json.add("peak_gflops", row.peak_gflops).add("share_of_peak", row.gflops / row.peak_gflops);
  json.add("gb_per_second", row.gb_per_second).add("peak_gb_per_second", row.peak_gb_per_second);
  json.add("peak_memory_mib", row.peak_memory_mib).add("arena_mib", row.arena_mib);
  fmt::print("{}\n", json.text());
}

void print_text(const BenchRow& row) {
  fmt::print("{} {}, batch {}, {}\n", row.mode, row.arch, row.batch, row.device);
  fmt::print("  speed   {:.1f} images/s\n", row.images_per_second);
  fmt::print("  work    {:.2f} GFLOP/s of {:.1f} measured peak: {:.1f} %\n", row.gflops, row.peak_gflops,
             100 * row.gflops / row.peak_gflops);
  fmt::print("  bytes   {:.2f} GB/s of operations' operands; the machine copies {:.1f} GB/s\n", row.gb_per_second,
             row.peak_gb_per_second);
  fmt::print("  memory  {:.0f} MiB at most, {:.0f} MiB of them activations and scratch\n", row.peak_memory_mib,
             row.arena_mib);
}

}  // namespace

int command_bench(const BenchArguments& arguments) {
  const BenchRow row = measure(arguments);
  if (arguments.json) {
    print_json(row);
  } else {
    print_text(row);
  }
  return 0;
}

}  // namespace danas
