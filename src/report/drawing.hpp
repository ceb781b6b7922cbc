// What pictures are drawn with: the same calls make an SVG and a PDF.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "report/chart.hpp"

namespace danas::report {

struct Place {
  double x = 0, y = 0;  ///< points (1/72 inch), from the upper left corner
};

/// Empty colors are not painted.
struct Paint {
  std::string fill, stroke;  ///< "#rrggbb"
  double width = 1;          ///< of the stroke
  Dash dash = Dash::solid;
};

enum class Anchor { start, middle, end };

struct Lettering {
  Anchor anchor = Anchor::start;
  std::string color = "#3a4550";
  bool bold = false;
};

class Drawing {
 public:
  static constexpr double font_size = 13;

  virtual ~Drawing() = default;
  /// A line through the places, or the area that it encloses. `hover` is told where the pointer is, in formats that can.
  virtual void shape(const std::vector<Place>& places, bool closed, const Paint& paint, const std::string& hover) = 0;
  virtual void circle(Place center, double radius, const Paint& paint, const std::string& hover) = 0;
  /// UTF-8, at its base line.
  virtual void text(Place at, std::string_view content, const Lettering& lettering) = 0;
  virtual std::string finish() = 0;  ///< the file's content; nothing is drawn after that
};

/// `title` says what there is to see.
std::unique_ptr<Drawing> svg_drawing(double width, double height, const std::string& title);
std::unique_ptr<Drawing> pdf_drawing(double width, double height, const std::string& title);

/// Of a text in Helvetica, in points.
double text_width(std::string_view text);

}  // namespace danas::report
