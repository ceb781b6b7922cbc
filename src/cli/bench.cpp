#include "cli/bench.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/peak_memory.hpp"
#include "base/units.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cuda/cuda.hpp"
#include "nas/system.hpp"
#include "nn/cost.hpp"
#include "nn/mobilenet_v2.hpp"
#include "tensor/cpu/peak.hpp"

namespace danas {
namespace {

constexpr double peak_seconds = 0.3;  // of each round, for the machine's own limits

double macs_of(const LayerList& layers) {
  double macs = 0;
  for (const Layer& layer : layer_table(layers)) macs += static_cast<double>(layer.macs);
  return macs;
}

/// Of one image: a multiply-add is two operations, and training does each three times.
double useful_flop(const LayerList& layers, Work work) { return (work == Work::evaluate ? 2 : 6) * macs_of(layers); }

/// Of one image.
double operand_bytes(const LayerList& layers, Work work, int batch) {
  if (work == Work::evaluate) return inference_cost(layers).bytes();
  TrainingSettings settings;
  settings.batch = batch;
  return training_cost(layers, settings).step.bytes() / batch;
}

/// What a GPU does beside: other ways to the same work; none where so many need more memory than there is.
void measure_ways(const BenchArguments& arguments, Backend& backend, double arena_bytes, BenchRound& round) {
  constexpr double beside_arena = 0x1p27;  // bytes of a lane: weights, optimizer, batch, workspace, the driver's own
  const LayerList layers = bench_layers(arguments);
  const double seconds = arguments.seconds / arguments.rounds;
  const auto lanes = [&](Backend& of, int count) {
    if (count * (arena_bytes + beside_arena) > of.usable_bytes()) return 0.0;
    return measure_lanes(of, layers, arguments.mode, arguments.batch, seconds, count).images_per_second;
  };
  const int gpu = arguments.machine.device.gpu;
  const Kernels kernels = arguments.machine.kernels.value_or(Kernels::own);
  const auto by = [&](Kernels others) {
    if (others == kernels) return round.images_per_second;
    return lanes(*make_cuda_backend(gpu, Type::f32, {.kernels = others}), 1);
  };
  round.own_kernels = by(Kernels::own);
  if (!find_cudnn(gpu).version.empty()) round.cudnn_kernels = by(Kernels::cudnn);
  round.without_graphs = lanes(*make_cuda_backend(gpu, Type::f32, {.graphs = false, .kernels = kernels}), 1);
  round.two_lanes = lanes(backend, 2);
  round.four_lanes = lanes(backend, 4);
}

BenchRound measure_round(const BenchRow& row) {
  const BenchArguments& arguments = row.arguments;
  const auto backend = open_backend(arguments.machine);
  const Speed speed = measure_speed(*backend, bench_layers(arguments), arguments.mode, arguments.batch,
                                    arguments.seconds / arguments.rounds);
  BenchRound round;
  round.images_per_second = speed.images_per_second;
  round.peak_memory_mib = peak_memory_mib();  // before the machine's limits are measured in memory of their own
  round.arena_mib = mebibytes(static_cast<double>(speed.arena_bytes));
  const MachinePeak peak = row.on_gpu ? measure_cuda_peak(arguments.machine.device.gpu, peak_seconds)
                                      : measure_peak(backend->threads(), peak_seconds);
  round.peak_gflops = peak.gflops;
  round.peak_gb_per_second = peak.gb_per_second;
  if (row.on_gpu) measure_ways(arguments, *backend, static_cast<double>(speed.arena_bytes), round);
  return round;
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

Spread BenchRow::spread(const std::function<double(const BenchRound&)>& value) const {
  std::vector<double> values;
  for (const BenchRound& round : rounds) values.push_back(value(round));
  return spread_of(std::move(values));
}

LayerList bench_layers(const BenchArguments& arguments) {
  const System system = read_system(arguments.system);
  const LayerList own = system_layers(system, 2);
  return arguments.mode == Work::train && system.architecture.is_slice() ? with_exit_heads(own) : own;
}

BenchRow bench_row(const BenchArguments& arguments) {
  const LayerList layers = bench_layers(arguments);
  const auto backend = open_backend(arguments.machine);
  BenchRow row{arguments, backend->name(), backend->threads(), !backend->host_memory(), 0, 0, {}};
  row.arguments.system = read_system(arguments.system).text();
  // As was chosen: the rounds need not say so again.
  row.arguments.machine.device.kind = row.on_gpu ? DeviceKind::cuda : DeviceKind::cpu;
  if (row.on_gpu) row.arguments.machine.kernels = usable_kernels(arguments.machine).first;
  row.flop = useful_flop(layers, arguments.mode);
  row.bytes = operand_bytes(layers, arguments.mode, arguments.batch);
  return row;
}

void measure(std::vector<BenchRow>& rows) {
  ProgressDisplay progress(rows.size() == 1);
  const int rounds = rows.front().arguments.rounds;
  const auto total = static_cast<std::int64_t>(rows.size()) * rounds;
  for (std::int64_t done = 0; done < total; ++done) {
    progress.update("measuring", done, total);
    BenchRow& row = rows[static_cast<std::size_t>(done) % rows.size()];
    const auto round = [&row] { return measure_round(row); };
    row.rounds.push_back(row.on_gpu ? round() : result_of_child("bench", round));  // CUDA does not outlive a fork
  }
  progress.clear();
}

std::string row_options(const BenchArguments& arguments) {
  return fmt::format("--arch {} --batch {} --mode {}", arguments.system, arguments.batch, name_of(arguments.mode));
}

std::vector<BenchArguments> bench_suite(const BenchArguments& common) {
  struct Row {
    Work mode;
    const char* data;
    int batch;
    const char* network = "3-4-3-3-1,1.0";
  };
  constexpr const char* stack = "32x3r-64x5s";  // general convolutions
  constexpr Row suite[] = {{Work::train, "224,rgb", 16},
                           {Work::train, "224,rgb", 128},
                           {Work::train, "96,rgb", 32},
                           {Work::train, "96,monochrome", 32},
                           {Work::train, "32,rgb", 128},
                           {Work::train, "32,monochrome", 128},
                           {Work::train, "112,rgb", 8, stack},
                           {Work::evaluate, "224,rgb", 16},
                           {Work::evaluate, "96,rgb", 32},
                           {Work::evaluate, "96,monochrome", 32},
                           {Work::evaluate, "32,monochrome", 128},
                           {Work::evaluate, "112,rgb", 8, stack}};
  std::vector<BenchArguments> rows;
  for (const Row& row : suite) {
    BenchArguments own = common;
    own.mode = row.mode;
    own.system = fmt::format("{},{}", row.data, row.network);
    own.batch = row.batch;
    if (row_options(own).find(common.suite_rows) != std::string::npos) rows.push_back(own);
  }
  if (rows.empty())
    throw expected("--suite", "part of a row's options, such as \"224,rgb\" or \"eval\"",
                   "'" + common.suite_rows + "'");
  return rows;
}

}  // namespace danas
