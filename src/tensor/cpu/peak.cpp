#include "tensor/cpu/peak.hpp"

#include <memory>

#include "base/best_rate.hpp"
#include "base/cpus.hpp"
#include "base/thread_pool.hpp"
#include "tensor/cpu/kernels.hpp"

namespace danas {
MachinePeak measure_peak(int threads, double seconds) {
  if (threads <= 0) threads = usable_cpus();
  ThreadPool pool(threads);
  const cpu::Kernels& kernels = cpu::choose_kernels("");
  constexpr int tasks_per_thread = 8;
  const cpu::Index tasks = static_cast<cpu::Index>(threads) * tasks_per_thread;

  MachinePeak peak;
  const auto sinks = std::make_unique<float[]>(static_cast<std::size_t>(threads) * 64);
  peak.gflops = 1e-9 * best_rate(seconds / 2, [&] {
                  constexpr cpu::Index iterations = 100000;
                  pool.run(tasks, [&](std::int64_t, int worker) {
                    kernels.multiply_add_loop(iterations, sinks.get() + worker * 64);
                  });
                  return static_cast<double>(tasks * iterations * kernels.multiply_add_loop(1, sinks.get()));
                });

  constexpr cpu::Index elements = cpu::Index{1} << 24;  // 64 MiB an array
  const auto a = std::make_unique<float[]>(elements), b = std::make_unique<float[]>(elements),
             y = std::make_unique<float[]>(elements);
  peak.gb_per_second = 1e-9 * best_rate(seconds / 2, [&] {
                         const cpu::Index share = elements / tasks;
                         pool.run(tasks, [&](std::int64_t task, int) {
                           const cpu::Index begin = task * share;
                           kernels.triad(share, a.get() + begin, b.get() + begin, y.get() + begin);
                         });
                         return 3.0 * sizeof(float) * static_cast<double>(share * tasks);
                       });
  return peak;
}

}  // namespace danas
