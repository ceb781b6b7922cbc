#include <optional>

#include "base/error.hpp"
#include "cli/bench.hpp"
#include "cli/bench_model.hpp"
#include "cli/session.hpp"

namespace danas {
namespace {

int run_suite(const BenchArguments& arguments) {
  std::vector<BenchRow> rows;
  for (const BenchArguments& row : bench_suite(arguments)) rows.push_back(bench_row(row));
  measure(rows);
  (arguments.json ? print_suite_json : print_suite)(rows);
  return 0;
}

int run_row(const BenchArguments& arguments) {
  std::vector<BenchRow> rows{bench_row(arguments)};
  measure(rows);
  std::optional<StepTimes> times;
  if (arguments.layers)
    times = measure_operations(*open_backend(rows.front().arguments.machine), bench_layers(arguments), arguments.mode,
                               arguments.batch, arguments.seconds);
  (arguments.json ? print_row_json : print_row)(rows.front(), times ? &*times : nullptr);
  return 0;
}

}  // namespace

int command_bench(const BenchArguments& arguments) {
  const bool of_data = arguments.mode == Work::load || arguments.mode == Work::decode;
  if (arguments.model) {
    if (of_data) throw expected("--machine", "--mode train, finetune or eval", std::string(name_of(arguments.mode)));
    print_model(arguments.suite ? bench_suite(arguments) : std::vector{arguments});
    return 0;
  }
  if (of_data) {
    bench_data(arguments);
    return 0;
  }
  return arguments.suite ? run_suite(arguments) : run_row(arguments);
}

}  // namespace danas
