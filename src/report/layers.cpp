// A network as a picture: one box a layer, as high as its resolution and as wide as its channels, then a table
// with a bar for the RAM of each layer.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "report/sections.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

constexpr double drawing_width = 720, drawing_height = 130;

const char* layer_class(const LayerRow& layer) {
  const auto has = [&](const char* part) {
    return layer.kind.find(part) != std::string::npos || layer.name.find(part) != std::string::npos;
  };
  if (has("depthwise")) return "depthwise";
  if (has("dense") || has("head") || has("pool")) return "head";
  if (has("expand")) return "expand";
  if (has("project")) return "project";
  return "conv";
}

std::size_t peak_layer(const std::vector<LayerRow>& layers) {
  const auto peak = std::max_element(layers.begin(), layers.end(),
                                     [](const LayerRow& a, const LayerRow& b) { return a.ram_bytes < b.ram_bytes; });
  return static_cast<std::size_t>(peak - layers.begin());
}

std::string shape(long long height, long long width, long long channels) {
  return fmt::format("{}×{}×{}", height, width, channels);
}

/// Square roots keep both a 112×112 map and a 4×4 one visible.
std::string drawing(const std::vector<LayerRow>& layers, std::size_t peak) {
  constexpr double gap = 3, edge = 2;
  double highest = 1, total = 0;
  for (const LayerRow& layer : layers) {
    highest = std::max(highest, std::sqrt(static_cast<double>(layer.out_height)));
    total += std::sqrt(static_cast<double>(layer.out_channels));
  }
  const double room = std::max(1.0, drawing_width - gap * static_cast<double>(layers.size()));
  std::string boxes;
  double x = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerRow& layer = layers[i];
    const double channels = std::sqrt(static_cast<double>(layer.out_channels));
    const double width = std::max(1.5, room * channels / std::max(total, 1.0));
    const double height =
        std::max(3.0, (drawing_height - 2 * edge) * std::sqrt(static_cast<double>(layer.out_height)) / highest);
    const double top = (drawing_height - height) / 2;
    boxes += fmt::format("<rect class=\"{}{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"1.5\">"
                         "<title>{}: {}, RAM {}</title></rect>\n",
                         layer_class(layer), i == peak ? " peak" : "", x, top, width, height, escape(layer.name),
                         shape(layer.out_height, layer.out_width, layer.out_channels), kib(layer.ram_bytes));
    x += width + gap;
  }
  return fmt::format("<svg class=\"layers\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
                     "aria-label=\"Layers from input to output\">\n{}</svg>\n",
                     std::max(x, drawing_width), drawing_height, boxes);
}

std::string legend() {
  std::string items;
  for (const auto& [name, text] : {std::pair{"conv", "convolution"},
                                   {"expand", "expand 1×1"},
                                   {"depthwise", "depthwise"},
                                   {"project", "project 1×1"},
                                   {"head", "pool and dense"}})
    items += fmt::format("<span><i class=\"swatch {}\"></i>{}</span> ", name, text);
  return "<p class=\"legend\">" + items + "</p>\n";
}

}  // namespace

std::string layer_diagram(const std::vector<LayerRow>& layers, const std::optional<long long>& limit) {
  if (layers.empty()) return "<p>No layers.</p>\n";
  const std::size_t peak = peak_layer(layers);
  const double most = std::max(1.0, static_cast<double>(layers[peak].ram_bytes));
  const bool over = limit && layers[peak].ram_bytes > *limit;
  std::string html = fmt::format(
      "<div class=\"network{}\">\n<p class=\"peak-label\">RAM peak {} at {}{}</p>\n", over ? " over" : "",
      kib(layers[peak].ram_bytes), escape(layers[peak].name),
      limit ? fmt::format(", {} of the device's {}", percent(most / static_cast<double>(*limit), 0), kib(*limit)) : "");
  html += drawing(layers, peak) + legend();
  html += "<table class=\"layer-table\">\n<thead><tr><th scope=\"col\">layer</th><th scope=\"col\">output</th>"
          "<th scope=\"col\">parameters</th><th scope=\"col\">MACs</th><th scope=\"col\">RAM</th></tr></thead>\n"
          "<tbody>\n";
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerRow& layer = layers[i];
    html += fmt::format(
        "<tr{}><th scope=\"row\">{} <small>{}</small></th><td>{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td><td class=\"bar\"><i style=\"width:{:.1f}%\"></i><span>{}</span></td></tr>\n",
        i == peak ? " class=\"peak\"" : "", escape(layer.name), escape(layer.kind),
        shape(layer.out_height, layer.out_width, layer.out_channels), thousands(layer.parameters),
        compact(static_cast<double>(layer.macs)), 100 * static_cast<double>(layer.ram_bytes) / most,
        kib(layer.ram_bytes));
  }
  return html + "</tbody></table>\n</div>\n";
}

}  // namespace danas::report
