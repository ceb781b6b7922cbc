#include "nas/system.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "nn/layer_stack.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  return result.append(text).append("\"");
}

bool take_system(std::string_view text, System& system) {
  if (!take_data_configuration(text, system.data) || !text.starts_with(',')) return false;
  return read_architecture(text.substr(1), system.architecture);
}

}  // namespace

std::string System::text() const {
  std::string shown = data.text(), layers = architecture.text();
  shown[shown.find('-')] = ',';
  std::replace(layers.begin(), layers.end(), ' ', ',');
  return shown + "," + layers;
}

System read_system(std::string_view text) {
  const std::string got = quoted(text.substr(0, 80));
  System system;
  if (!take_system(text, system))
    throw expected("system", "a text such as \"96,monochrome,2-2-0-0-0,0.3\" or \"96,rgb,32x3r-64x5s\"", got);
  if (const std::string wanted = system.data.complaint(); !wanted.empty()) throw expected("system", wanted, got);
  if (const std::string problem = system.architecture.complaint(); !problem.empty()) {
    throw Error("system", problem + ", got " + got);
  }
  return system;
}

System parse_system(std::string_view text) {
  const System system = read_system(text);
  if (system.text() != text) throw expected("system", quoted(system.text()), quoted(text.substr(0, 80)));
  return system;
}

LayerList system_layers(const System& system, int classes) {
  const Architecture& architecture = system.architecture;
  const Extent input = system.data.input();
  if (architecture.is_slice()) return slice_layers(input, architecture.slice(), classes);
  return stack_layers(input, architecture.stack(), classes);
}

}  // namespace danas
