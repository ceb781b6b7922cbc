#include "cli/bench_model.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/units.hpp"
#include "cli/json.hpp"
#include "data/dataset.hpp"
#include "nn/cost.hpp"
#include "nn/floor.hpp"

namespace danas {
namespace {

constexpr const char* label = "model, not measurement";

/// Images as they come from a cache: levels of photographs in color, of which a mean crop is used.
void count_images(cuda::LaunchCounter& counter, const LayerList& layers, int batch) {
  const Extent& input = input_of(layers);
  const int level = static_cast<int>(std::ceil(1.3 * input.height));
  const int side = static_cast<int>(level * std::sqrt((1 + DataSettings().crop_min_area) / 2));
  const std::vector<Image> images(static_cast<std::size_t>(batch), Image{nullptr, level, level, 3});
  const std::vector<Crop> crops(images.size(), Crop{0, 0, side, side, false});
  // Nobody follows the address: it only has to be there.
  const View out{Type::f32, &counter, batch, input.height, input.width, input.channels};
  counter.augment(images, crops, out);
}

struct ModeledRow {
  BenchArguments arguments;
  std::vector<cuda::KernelLaunch> launches;
  cuda::ModeledStep step;
  double floor = 0;  ///< seconds

  double images_per_second(double seconds) const { return arguments.batch / seconds; }
};

ModeledRow modeled_row(const BenchArguments& arguments) {
  const cuda::MachineRates& rates = cuda::rates_of(*arguments.model);
  const LayerList layers = bench_layers(arguments);
  ModeledRow row{arguments, modeled_launches(layers, arguments.mode, arguments.batch, arguments.precision), {}, 0};
  row.step = cuda::model(row.launches, rates, arguments.precision);
  row.floor = floor_seconds(layers, arguments.mode, arguments.batch, rates, arguments.precision);
  return row;
}

/// Launches of one kernel for one operation.
struct KernelRow {
  std::string operation, kernel;
  cuda::ModeledStep sum;
  std::map<std::string, double> by_bound;  ///< seconds

  std::string bound() const {
    const auto longest = std::max_element(by_bound.begin(), by_bound.end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
    return longest->first;
  }
};

/// Those that take longest first.
std::vector<KernelRow> kernel_rows(const ModeledRow& row) {
  const cuda::MachineRates& rates = cuda::rates_of(*row.arguments.model);
  std::map<std::pair<std::string, std::string>, KernelRow> rows;
  for (const cuda::KernelLaunch& launch : row.launches) {
    KernelRow& kernel = rows[{launch.operation, launch.kernel}];
    kernel.operation = launch.operation;
    kernel.kernel = launch.kernel;
    const cuda::KernelTime time = cuda::kernel_time(launch, rates, row.arguments.precision);
    kernel.sum += {time.seconds(), 1, launch.flop, cuda::moved_bytes(launch, rates)};
    kernel.by_bound[time.bound()] += time.seconds();
  }
  std::vector<KernelRow> sorted;
  for (auto& [names, kernel] : rows) sorted.push_back(std::move(kernel));
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const KernelRow& a, const KernelRow& b) { return a.sum.with_graph() > b.sum.with_graph(); });
  return sorted;
}

std::string heading(const BenchArguments& arguments) {
  return fmt::format("{}: {} in {}", label, cuda::rates_of(*arguments.model).name, name_of(arguments.precision));
}

void print_rows(const std::vector<ModeledRow>& rows) {
  fmt::print("{:<58} {:>9} {:>9} {:>9} {:>7} {:>9} {:>7} {:>8}\n", label, "images/s", "no graph", "floor", "x floor",
             "launches", "GB", "TFLOP/s");
  for (const ModeledRow& row : rows) {
    const double seconds = row.step.with_graph();
    fmt::print("{:<58} {:>9.0f} {:>9.0f} {:>9.0f} {:>7.2f} {:>9.0f} {:>7.2f} {:>8.2f}\n", row_options(row.arguments),
               row.images_per_second(seconds), row.images_per_second(row.step.without_graph()),
               row.images_per_second(row.floor), seconds / row.floor, row.step.launches, 1e-9 * row.step.bytes,
               1e-12 * row.step.flop / seconds);
  }
}

void print_kernels(const ModeledRow& row) {
  const double seconds = row.step.with_graph();
  fmt::print("\n{}, by kernel\n", label);
  fmt::print("{:<30} {:<24} {:>8} {:>9} {:>8} {:>8} {:>9}  {}\n", "operation", "kernel", "launches", "ms", "of step",
             "GB", "GFLOP", "bound by");
  for (const KernelRow& kernel : kernel_rows(row))
    fmt::print("{:<30} {:<24} {:>8.0f} {:>9.4f} {:>8} {:>8.3f} {:>9.2f}  {}\n", kernel.operation, kernel.kernel,
               kernel.sum.launches, 1e3 * kernel.sum.with_graph(), percent_text(kernel.sum.with_graph() / seconds),
               1e-9 * kernel.sum.bytes, 1e-9 * kernel.sum.flop, kernel.bound());
}

JsonObject row_json(const ModeledRow& row, bool with_kernels) {
  const double seconds = row.step.with_graph();
  JsonObject json;
  json.add("kind", label).add("machine", cuda::rates_of(*row.arguments.model).name);
  json.add("precision", name_of(row.arguments.precision)).add("arch", row.arguments.system);
  json.add("batch", row.arguments.batch).add("mode", name_of(row.arguments.mode));
  json.add("modeled_images_per_second", row.images_per_second(seconds));
  json.add("modeled_images_per_second_without_graph", row.images_per_second(row.step.without_graph()));
  json.add("floor_images_per_second", row.images_per_second(row.floor)).add("times_the_floor", seconds / row.floor);
  json.add("launches", row.step.launches).add("bytes", row.step.bytes).add("flop", row.step.flop);
  if (!with_kernels) return json;
  std::vector<JsonObject> kernels;
  for (const KernelRow& kernel : kernel_rows(row)) {
    JsonObject& each = kernels.emplace_back();
    each.add("operation", kernel.operation).add("kernel", kernel.kernel).add("launches", kernel.sum.launches);
    each.add("modeled_milliseconds", 1e3 * kernel.sum.with_graph()).add("bytes", kernel.sum.bytes);
    each.add("flop", kernel.sum.flop).add("bound", kernel.bound());
  }
  return json.add("kernels", kernels);
}

}  // namespace

std::vector<cuda::KernelLaunch> modeled_launches(const LayerList& layers, Work work, int batch, Precision precision) {
  cuda::LaunchCounter counter(precision);
  if (work == Work::evaluate) {
    evaluation_cost(layers, batch, counter);
  } else {
    TrainingSettings settings;
    settings.batch = batch;
    training_cost(layers, settings, counter);
  }
  count_images(counter, layers, batch);
  return counter.launches();
}

double floor_seconds(const LayerList& layers, Work work, int batch, const cuda::MachineRates& rates,
                     Precision precision) {
  const double number = precision == Precision::f32 ? 4 : 2;
  const double bandwidth = cuda::attainable_bandwidth * rates.bandwidth, fp32 = cuda::attainable_fp32 * rates.fp32;
  const double products = precision == Precision::f32 ? fp32 : cuda::attainable_tensor * rates.tensor;
  double seconds = 0;
  for (const LayerFloor& layer :
       work == Work::evaluate ? evaluation_floor(layers, batch) : training_floor(layers, batch))
    seconds += std::max((number * layer.activations + 4 * layer.weights) / bandwidth,
                        layer.products / products + layer.depthwise / fp32);
  return seconds;
}

void print_model(const std::vector<BenchArguments>& rows) {
  const BenchArguments& first = rows.front();
  cuda::check_precision(*first.model, first.precision);
  std::vector<ModeledRow> modeled;
  for (const BenchArguments& row : rows) modeled.push_back(modeled_row(row));
  if (first.json) {
    std::vector<JsonObject> values;
    for (const ModeledRow& row : modeled) values.push_back(row_json(row, rows.size() == 1));
    if (!first.suite) fmt::print("{}\n", values.front().text());
    else fmt::print("{}\n", JsonObject().add("kind", label).add("rows", values).text());
    return;
  }
  fmt::print("{}\n{}\n", heading(first), cuda::assumptions(cuda::rates_of(*first.model)));
  print_rows(modeled);
  if (!first.suite) print_kernels(modeled.front());
}

}  // namespace danas
