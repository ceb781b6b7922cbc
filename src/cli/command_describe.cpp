#include <cstdio>
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/units.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "nas/estimators.hpp"
#include "nas/published_sums.hpp"
#include "nas/system.hpp"

namespace danas {
namespace {

std::string shape_text(long long height, long long width, long long channels) {
  return fmt::format("{}x{}x{}", height, width, channels);
}

JsonObject layer_json(const LayerRow& layer) {
  JsonObject json;
  json.add("name", layer.name).add("kind", layer.kind);
  json.add("input", std::vector<std::int64_t>{layer.in_height, layer.in_width, layer.in_channels});
  json.add("output", std::vector<std::int64_t>{layer.out_height, layer.out_width, layer.out_channels});
  json.add("parameters", layer.parameters).add("parameters_folded", layer.parameters_folded).add("macs", layer.macs);
  json.add("ram_bytes", layer.ram_bytes).add("flash_bytes", layer.flash_bytes);
  return json;
}

long long folded_parameters(const System& system, int classes) {
  long long sum = 0;
  for (const Layer& layer : layer_table(system_layers(system, classes))) sum += layer.parameters_folded;
  return sum;
}

void print_json(const System& system, int classes, const std::vector<LayerRow>& table, const Measures& total) {
  std::vector<JsonObject> rows;
  for (const LayerRow& layer : table) rows.push_back(layer_json(layer));
  JsonObject json;
  json.add("arch", system.text()).add("classes", classes);
  for (const MeasureInfo& each : estimates) json.add(each.name, total.count(each.measure));
  json.add("parameters_folded", folded_parameters(system, classes)).add("layers", rows);
  fmt::print("{}\n", json.text());
}

void print_table(const System& system, int classes, const std::vector<LayerRow>& table, const Measures& total) {
  fmt::print("{}, {} classes\n\n", system.text(), classes);
  fmt::print("{:<22} {:<16} {:>12} {:>12} {:>11} {:>13} {:>10} {:>10}\n", "layer", "kind", "input", "output",
             "parameters", "MACs", "RAM", "flash");
  for (const LayerRow& layer : table) {
    fmt::print("{:<22} {:<16} {:>12} {:>12} {:>11} {:>13} {:>10} {:>10}\n", layer.name, layer.kind,
               shape_text(layer.in_height, layer.in_width, layer.in_channels),
               shape_text(layer.out_height, layer.out_width, layer.out_channels), layer.parameters, layer.macs,
               layer.ram_bytes, layer.flash_bytes);
  }
  fmt::print("\nparameters  {} ({} with batch normalization folded)\n", total.count(Measure::parameters),
             folded_parameters(system, classes));
  fmt::print("MACs        {}\n", total.count(Measure::macs));
  fmt::print("RAM         {} bytes, {} (int8, the layer that needs most)\n", total.count(Measure::ram_bytes),
             kib_text(total[Measure::ram_bytes]));
  fmt::print("flash       {} bytes, {} (int8 parameters)\n", total.count(Measure::flash_bytes),
             kib_text(total[Measure::flash_bytes]));
}

}  // namespace

int command_describe(const DescribeArguments& arguments) {
  const System system = read_system(arguments.system);
  const bool published = arguments.protocol == Protocol::published;
  Switches switches;
  switches.unfused_ram = switches.unfused_flash = published;
  const std::vector<LayerRow> table =
      published ? published_rows(system, arguments.classes) : layer_rows(system_layers(system, arguments.classes));
  const Measures total = estimate(system, arguments.classes, {}, switches);
  if (arguments.json) {
    print_json(system, arguments.classes, table, total);
  } else {
    print_table(system, arguments.classes, table, total);
    if (published) fmt::print("\nShapes and parameters of the supernet's layers, bytes times the width.\n");
  }
  return 0;
}

}  // namespace danas
