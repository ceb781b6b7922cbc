// A model of GPUs that nobody here has measured: what launches (launch_counter.hpp) should take by the vendor's figures and
// by stated assumptions. Whatever comes of it is called a model, never a measurement.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "cuda/launch_counter.hpp"
#include "tensor/precision.hpp"

namespace danas {

enum class Machine { v100, h100 };
template <>
inline constexpr std::array names<Machine>{"v100", "h100"};

namespace cuda {

/// What the vendor says of a machine, a second, and what belongs to one GPU of it.
struct MachineRates {
  const char* name;
  const char* source;
  double fp32, tensor;  ///< FLOP/s; of 16-bit products with 32-bit sums
  bool has_bf16;
  double bandwidth;      ///< bytes/s of its memory
  double memory, cache;  ///< bytes; the cache is the last level's
  double multiprocessors;
  double pcie;   ///< bytes/s, one way
  double cores;  ///< of the host, for each GPU
  double disk;   ///< bytes/s
};
const MachineRates& rates_of(Machine machine);

// Assumptions, shares of the vendor's figures first.
constexpr double attainable_bandwidth = 0.8, attainable_fp32 = 0.75, attainable_tensor = 0.5;
constexpr double attainable_pcie = 0.8, attainable_disk = 0.8;
constexpr double lone_draw = 4;           ///< of its share of the bandwidth, where others are idle
constexpr double planned_bytes = 40;      ///< of an image that is on the GPU, with its batch (Picture of augment.cuh)
constexpr double between_kernels = 1e-6;  ///< seconds from the end of one to the work of the next
constexpr double host_launch = 4e-6;      ///< seconds of the host for a launch without a graph
constexpr double round_seconds = 0.4e-6;  ///< of up to four accesses of one thread that are under way together
/// Rates and assumptions, for people: some lines.
std::string assumptions(const MachineRates& rates);

/// Throws Error where the machine cannot compute in that precision.
void check_precision(Machine machine, Precision precision);

/// Seconds of a kernel by each of its limits: it takes the longest. A grid of fewer blocks than there are multiprocessors
/// has their share of the arithmetic.
struct KernelTime {
  double memory = 0, arithmetic = 0, latency = 0;

  double seconds() const;
  const char* bound() const;  ///< "memory", "arithmetic" or "latency"
};
KernelTime kernel_time(const KernelLaunch& launch, const MachineRates& rates, Precision precision);
/// Bytes that it moves: what sweeps read again counts where the cache does not hold it.
double moved_bytes(const KernelLaunch& launch, const MachineRates& rates);

/// Of launches one after another.
struct ModeledStep {
  double kernels = 0;  ///< seconds
  double launches = 0, flop = 0, bytes = 0;

  double with_graph() const { return kernels + launches * between_kernels; }
  double without_graph() const;  ///< the host launches while the GPU computes: the longer of both
  ModeledStep& operator+=(const ModeledStep& other);
};
ModeledStep model(const std::vector<KernelLaunch>& launches, const MachineRates& rates, Precision precision);

}  // namespace cuda
}  // namespace danas
