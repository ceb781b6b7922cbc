// The machine's own limits, beside which `danas bench` sets its figures.
#pragma once

namespace danas {

struct MachinePeak {
  double gflops = 0;         ///< 10⁹ floating-point operations a second, fused multiply-adds in registers (2 each)
  double gb_per_second = 0;  ///< 10⁹ bytes a second of y = a + 3·b over arrays far larger than the caches (3 arrays)
};

/// Best of several runs by the best instruction set on `threads` threads (0: usable_cpus()), about `seconds` in all.
MachinePeak measure_peak(int threads, double seconds);

}  // namespace danas
