#include <utility>
#include <fmt/core.h>
#include <vector>

#include "base/cpus.hpp"
#include "cli/bench.hpp"
#include "cli/json.hpp"
#include "cli/measure_data.hpp"
#include "nas/system.hpp"

namespace danas {
namespace {

double measure_round(const BenchArguments& arguments, int threads) {
  const DataConfiguration data = read_system(arguments.system).data;
  const double seconds = arguments.seconds / arguments.rounds;
  if (arguments.mode == Work::decode) return measure_decoding(data, threads, seconds);
  return measure_loading(data, arguments.batch, threads, seconds);
}

}  // namespace

void bench_data(const BenchArguments& arguments) {
  const int threads = arguments.machine.threads > 0 ? arguments.machine.threads : usable_cpus();
  std::vector<double> speeds;
  for (int round = 0; round < arguments.rounds; ++round) speeds.push_back(measure_round(arguments, threads));
  const Spread speed = spread_of(std::move(speeds));
  if (arguments.json) {
    JsonObject json;
    json.add("arch", arguments.system).add("batch", arguments.batch).add("mode", name_of(arguments.mode));
    json.add("threads", threads).add("images_per_second", speed.median);
    json.add("images_per_second_of_a_thread", speed.median / threads);
    fmt::print("{}\n", json.text());
    return;
  }
  fmt::print("{} {}, {} threads: {:.1f} images/s ({:.1f} to {:.1f}), {:.1f} a thread\n", name_of(arguments.mode),
             arguments.system, threads, speed.median, speed.least, speed.most, speed.median / threads);
}

}  // namespace danas
