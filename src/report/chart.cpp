#include "report/chart.hpp"

#include <fmt/core.h>

#include "base/csv.hpp"

namespace danas::report {

Look look(std::size_t i) {
  constexpr const char* colors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
  constexpr Shape shapes[] = {Shape::circle, Shape::square, Shape::triangle, Shape::diamond, Shape::cross};
  constexpr Dash dashes[] = {Dash::solid, Dash::dashed, Dash::dotted};
  return {colors[i % std::size(colors)], shapes[i % std::size(shapes)], dashes[i % std::size(dashes)]};
}

std::string chart_csv(const Chart& chart) {
  std::string table =
      csv_line({"series", chart.places.empty() ? chart.x.label : "place", chart.y.label, "deviation", "note"});
  for (const Series& series : chart.series)
    for (const Mark& mark : series.marks) {
      const bool placed = mark.x >= 0 && mark.x < static_cast<double>(chart.places.size());
      table +=
          csv_line({series.name, placed ? chart.places[static_cast<std::size_t>(mark.x)] : fmt::format("{}", mark.x),
                    fmt::format("{}", mark.y), fmt::format("{}", mark.deviation), mark.hover});
    }
  return table;
}

}  // namespace danas::report
