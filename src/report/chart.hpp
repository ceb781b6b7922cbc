// What a picture of the report shows: axes, series, marks. draw_chart() draws it, chart_csv() writes its numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace danas::report {

/// How the numbers of an axis are read, and along which scale: shares as percent, bytes as KiB by powers of two.
enum class Reading : std::uint8_t { number, percent, kibibytes };

struct Axis {
  std::string label;
  Reading reading = Reading::number;
  bool from_zero = false;
};

enum class Shape : std::uint8_t { circle, square, triangle, diamond, cross };
enum class Dash : std::uint8_t { solid, dashed, dotted };

/// Color, shape and dash differ together, so that a series is known without color too.
struct Look {
  std::string color = "#000000";  ///< "#rrggbb"
  Shape shape = Shape::circle;
  Dash dash = Dash::solid;
};
/// The look of the i-th series: colors of Okabe and Ito, which color-blind readers tell apart.
Look look(std::size_t i);

struct Mark {
  double x = 0, y = 0;
  std::string hover = {};  ///< told where the pointer is; empty: nothing
  double deviation = 0;    ///< drawn up and down from y
  bool hollow = false, large = false;
};

/// How a series' marks are joined; bars stand on 0.
enum class Join : std::uint8_t { none, line, steps, bars };

struct Series {
  std::string name;    ///< in tables, and told of its line
  std::string legend;  ///< empty: not in the legend
  Look look;
  Join join = Join::none;
  bool shows_marks = true;
  std::vector<Mark> marks;             ///< of a line or steps: by x
  std::optional<double> ends_at = {};  ///< of steps: as far as the last one goes
  Mark sign = {};                      ///< of the legend: hollow, large
};

/// A vertical line.
struct Limit {
  double x = 0;
  std::string text;
};

struct Chart {
  std::string title;  ///< what it shows, for readers who do not see it
  Axis x, y;
  std::vector<std::string> places;  ///< of x = 0, 1, …, instead of numbers; or none
  std::vector<Series> series;
  std::optional<Limit> limit = {};
  double width = 480;
};

/// The picture's numbers: series, x, y, deviation and what is told of a mark.
std::string chart_csv(const Chart& chart);

}  // namespace danas::report
