#include "cuda/machine.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.hpp"

namespace danas::cuda {

// Aligned by hand: a machine a row.
// clang-format off
const MachineRates& rates_of(Machine machine) {
  static constexpr MachineRates table[] = {
      {.name = "V100 SXM2 16 GB", .source = "NVIDIA Tesla V100 architecture whitepaper, 2017; DGX-1: 40 cores and PCIe 3.0 for 8 GPUs",
       .fp32 = 15.7e12, .tensor = 125e12, .has_bf16 = false, .bandwidth = 900e9, .memory = 16e9, .cache = 6 << 20,
       .multiprocessors = 80, .pcie = 15.75e9, .cores = 5, .disk = 2e9},
      {.name = "H100 SXM5 80 GB", .source = "NVIDIA H100 architecture whitepaper, 2022; DGX H100: 112 cores and PCIe 5.0 for 8 GPUs",
       .fp32 = 67e12, .tensor = 989e12, .has_bf16 = true, .bandwidth = 3350e9, .memory = 80e9, .cache = 50 << 20,
       .multiprocessors = 132, .pcie = 63e9, .cores = 14, .disk = 5e9}};
  return table[static_cast<std::size_t>(machine)];
}
// clang-format on

std::string assumptions(const MachineRates& rates) {
  return fmt::format(
      "rates: {:.1f} TFLOP/s fp32, {:.0f} of 16-bit products, {:.0f} GB/s, {:.0f} multiprocessors, {:.0f} MiB of cache\n"
      "       ({})\n"
      "assumed: {} of the fp32 rate, {} of the products', {} of the bandwidth are had; a multiprocessor alone draws {} "
      "times its\n"
      "       share of that; {:.1f} us between kernels, {:.1f} us of the host a launch without graphs, {:.1f} us a round of "
      "accesses\n",
      1e-12 * rates.fp32, 1e-12 * rates.tensor, 1e-9 * rates.bandwidth, rates.multiprocessors, rates.cache / 0x1p20,
      rates.source, attainable_fp32, attainable_tensor, attainable_bandwidth, lone_draw, 1e6 * between_kernels,
      1e6 * host_launch, 1e6 * round_seconds);
}

void check_precision(Machine machine, Precision precision) {
  if (precision == Precision::bf16 && !rates_of(machine).has_bf16)
    throw expected("--precision", std::string("f32 or f16 on ") + name_of(machine), "bf16");
}

double KernelTime::seconds() const { return std::max({memory, arithmetic, latency}); }

const char* KernelTime::bound() const {
  if (latency >= memory && latency >= arithmetic) return "latency";
  return memory >= arithmetic ? "memory" : "arithmetic";
}

double moved_bytes(const KernelLaunch& launch, const MachineRates& rates) {
  const double again = launch.swept > rates.cache ? launch.swept * (launch.sweeps - 1) : 0;
  return launch.read + again + launch.written;
}

KernelTime kernel_time(const KernelLaunch& launch, const MachineRates& rates, Precision precision) {
  const double busy = std::min(launch.blocks / rates.multiprocessors, 1.0), drawn = std::min(lone_draw * busy, 1.0);
  const double waves = std::max(launch.blocks / (rates.multiprocessors * launch.resident), 1.0);
  const bool tensor = launch.product && precision != Precision::f32;
  const double flops = tensor ? attainable_tensor * rates.tensor : attainable_fp32 * rates.fp32;
  return {moved_bytes(launch, rates) / (attainable_bandwidth * rates.bandwidth * drawn), launch.flop / (flops * busy),
          launch.rounds * waves * round_seconds};
}

double ModeledStep::without_graph() const { return std::max(with_graph(), launches * host_launch); }

ModeledStep& ModeledStep::operator+=(const ModeledStep& other) {
  kernels += other.kernels;
  launches += other.launches;
  flop += other.flop;
  bytes += other.bytes;
  return *this;
}

ModeledStep model(const std::vector<KernelLaunch>& launches, const MachineRates& rates, Precision precision) {
  ModeledStep step;
  for (const KernelLaunch& launch : launches)
    step += {kernel_time(launch, rates, precision).seconds(), 1, launch.flop, moved_bytes(launch, rates)};
  return step;
}

}  // namespace danas::cuda
