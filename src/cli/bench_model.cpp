#include "cli/bench_model.hpp"

#include <fmt/core.h>

#include <limits>

#include "cli/json.hpp"
#include "cli/kernel_table.hpp"
#include "cli/modeled_step.hpp"

namespace danas {
namespace {

struct ModeledRow {
  BenchArguments arguments;
  std::vector<cuda::KernelLaunch> launches;
  cuda::ModeledStep step;
  double floor = 0;  ///< seconds

  KernelTable kernels() const {
    KernelTable table(cuda::rates_of(*arguments.model), arguments.precision);
    table.add(launches);
    return table;
  }
  double images_per_second(double seconds) const { return arguments.batch / seconds; }
};

ModeledRow modeled_row(const BenchArguments& arguments) {
  const cuda::MachineRates& rates = cuda::rates_of(*arguments.model);
  const LayerList layers = bench_layers(arguments);
  const int batch = arguments.batch;
  const Precision precision = arguments.precision;
  ModeledRow row{arguments, {}, {}, 0};
  if (arguments.mode == Work::evaluate) {
    row.launches = evaluation_launches(layers, batch, precision);
    row.floor = evaluation_floor_seconds(layers, batch, rates, precision);
  } else {
    TrainingSettings settings;
    settings.batch = batch;
    row.launches = training_launches(layers, settings, precision);
    row.floor = training_floor_seconds(layers, batch, rates, precision);
  }
  row.step = cuda::model(row.launches, rates, precision);
  return row;
}

std::string heading(const BenchArguments& arguments) {
  return fmt::format("{}: {} in {}", model_label, cuda::rates_of(*arguments.model).name, name_of(arguments.precision));
}

void print_rows(const std::vector<ModeledRow>& rows) {
  fmt::print("{:<58} {:>9} {:>9} {:>9} {:>7} {:>9} {:>7} {:>8}\n", model_label, "images/s", "no graph", "floor",
             "x floor", "launches", "GB", "TFLOP/s");
  for (const ModeledRow& row : rows) {
    const double seconds = row.step.with_graph();
    fmt::print("{:<58} {:>9.0f} {:>9.0f} {:>9.0f} {:>7.2f} {:>9.0f} {:>7.2f} {:>8.2f}\n", row_options(row.arguments),
               row.images_per_second(seconds), row.images_per_second(row.step.without_graph()),
               row.images_per_second(row.floor), seconds / row.floor, row.step.launches, 1e-9 * row.step.bytes,
               1e-12 * row.step.flop / seconds);
  }
}

JsonObject row_json(const ModeledRow& row, bool with_kernels) {
  const double seconds = row.step.with_graph();
  JsonObject json;
  json.add("kind", model_label).add("machine", cuda::rates_of(*row.arguments.model).name);
  json.add("precision", name_of(row.arguments.precision)).add("arch", row.arguments.system);
  json.add("batch", row.arguments.batch).add("mode", name_of(row.arguments.mode));
  json.add("modeled_images_per_second", row.images_per_second(seconds));
  json.add("modeled_images_per_second_without_graph", row.images_per_second(row.step.without_graph()));
  json.add("floor_images_per_second", row.images_per_second(row.floor)).add("times_the_floor", seconds / row.floor);
  json.add("launches", row.step.launches).add("bytes", row.step.bytes).add("flop", row.step.flop);
  if (!with_kernels) return json;
  std::vector<JsonObject> kernels;
  for (const KernelTable::Row& kernel : row.kernels().rows()) {
    JsonObject& each = kernels.emplace_back();
    each.add("operation", kernel.operation).add("kernel", kernel.kernel).add("launches", kernel.sum.launches);
    each.add("modeled_milliseconds", 1e3 * kernel.sum.with_graph()).add("bytes", kernel.sum.bytes);
    each.add("flop", kernel.sum.flop).add("bound", kernel.bound());
  }
  return json.add("kernels", kernels);
}

}  // namespace

void print_model(const std::vector<BenchArguments>& rows) {
  const BenchArguments& first = rows.front();
  cuda::check_precision(*first.model, first.precision);
  std::vector<ModeledRow> modeled;
  for (const BenchArguments& row : rows) modeled.push_back(modeled_row(row));
  if (first.json) {
    std::vector<JsonObject> values;
    for (const ModeledRow& row : modeled) values.push_back(row_json(row, rows.size() == 1));
    if (!first.suite) fmt::print("{}\n", values.front().text());
    else fmt::print("{}\n", JsonObject().add("kind", model_label).add("rows", values).text());
    return;
  }
  fmt::print("{}\n{}\n", heading(first), cuda::assumptions(cuda::rates_of(*first.model)));
  print_rows(modeled);
  if (first.suite) return;
  fmt::print("\n");
  modeled.front().kernels().print(std::numeric_limits<std::size_t>::max(), 1e-3, "ms");
}

}  // namespace danas
