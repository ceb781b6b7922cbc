#include <cstdio>
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/units.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "nas/estimators.hpp"

namespace danas {
namespace {

std::string shape_text(int height, int width, int channels) { return fmt::format("{}x{}x{}", height, width, channels); }

JsonObject layer_json(const Layer& layer) {
  JsonObject json;
  json.add("name", layer.name).add("kind", layer.kind);
  json.add("input", std::vector<std::int64_t>{layer.in_height, layer.in_width, layer.in_channels});
  json.add("output", std::vector<std::int64_t>{layer.out_height, layer.out_width, layer.out_channels});
  json.add("parameters", layer.parameters).add("parameters_folded", layer.parameters_folded).add("macs", layer.macs);
  json.add("ram_bytes", layer_ram(layer)).add("flash_bytes", layer.parameters_folded);
  return json;
}

void print_json(const System& system, int classes, const std::vector<Layer>& table, const Resources& total) {
  std::vector<JsonObject> rows;
  for (const Layer& layer : table) rows.push_back(layer_json(layer));
  JsonObject json;
  json.add("arch", system.text()).add("classes", classes);
  json.add("parameters", total.parameters).add("parameters_folded", total.parameters_folded).add("macs", total.macs);
  json.add("flash_bytes", total.flash_bytes).add("ram_bytes", total.ram_bytes).add("layers", rows);
  fmt::print("{}\n", json.text());
}

void print_table(const System& system, int classes, const std::vector<Layer>& table, const Resources& total) {
  fmt::print("{}, {} classes\n\n", system.text(), classes);
  fmt::print("{:<22} {:<16} {:>12} {:>12} {:>11} {:>13} {:>10} {:>10}\n", "layer", "kind", "input", "output",
             "parameters", "MACs", "RAM", "flash");
  for (const Layer& layer : table) {
    fmt::print("{:<22} {:<16} {:>12} {:>12} {:>11} {:>13} {:>10} {:>10}\n", layer.name, layer.kind,
               shape_text(layer.in_height, layer.in_width, layer.in_channels),
               shape_text(layer.out_height, layer.out_width, layer.out_channels), layer.parameters, layer.macs,
               layer_ram(layer), layer.parameters_folded);
  }
  fmt::print("\nparameters  {} ({} with batch normalization folded)\n", total.parameters, total.parameters_folded);
  fmt::print("MACs        {}\n", total.macs);
  fmt::print("RAM         {} bytes, {} (int8, the layer that needs most)\n", total.ram_bytes,
             kib_text(static_cast<double>(total.ram_bytes)));
  fmt::print("flash       {} bytes, {} (int8 parameters)\n", total.flash_bytes,
             kib_text(static_cast<double>(total.flash_bytes)));
}

}  // namespace

int command_describe(const DescribeArguments& arguments) {
  if (arguments.protocol == Protocol::published) throw Error("--protocol published", "is not available yet; use corrected");
  const System system = read_system(arguments.system);
  const NetworkShape shape = system_shape(system, arguments.classes);
  const std::vector<Layer> table = layers(shape);
  const Resources total = estimate(shape);
  if (arguments.json) {
    print_json(system, arguments.classes, table, total);
  } else {
    print_table(system, arguments.classes, table, total);
  }
  return 0;
}

}  // namespace danas
