#include <fmt/core.h>

#include "report/drawing.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

std::string paint_text(const Paint& paint) {
  std::string text = fmt::format("fill=\"{}\"", paint.fill.empty() ? "none" : paint.fill);
  if (paint.stroke.empty()) return text;
  text += fmt::format(" stroke=\"{}\" stroke-width=\"{:g}\"", paint.stroke, paint.width);
  if (paint.dash == Dash::dashed) text += " stroke-dasharray=\"6 4\"";
  if (paint.dash == Dash::dotted) text += " stroke-dasharray=\"1.5 3\"";
  return text;
}

std::string hover_text(const std::string& hover) { return hover.empty() ? "" : "<title>" + escape(hover) + "</title>"; }

class SvgDrawing : public Drawing {
 public:
  SvgDrawing(double width, double height, const std::string& title)
      : svg_(fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
                         "height=\"{1:.0f}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"{2:g}\" "
                         "role=\"img\">\n<title>{3}</title>\n",
                         width, height, font_size, escape(title))) {}

  void shape(const std::vector<Place>& places, bool closed, const Paint& paint, const std::string& hover) override {
    std::string path;
    for (const Place& place : places)
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", place.x, place.y);
    svg_ +=
        fmt::format("<path d=\"{}{}\" {}>{}</path>\n", path, closed ? "z" : "", paint_text(paint), hover_text(hover));
  }

  void circle(Place center, double radius, const Paint& paint, const std::string& hover) override {
    svg_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:g}\" {}>{}</circle>\n", center.x, center.y, radius,
                        paint_text(paint), hover_text(hover));
  }

  void text(Place at, std::string_view content, const Lettering& lettering) override {
    constexpr const char* anchors[] = {"start", "middle", "end"};
    svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\"{}>{}</text>\n", at.x, at.y,
                        anchors[static_cast<int>(lettering.anchor)], lettering.color,
                        lettering.bold ? " font-weight=\"bold\"" : "", escape(content));
  }

  std::string finish() override { return svg_ + "</svg>\n"; }

 private:
  std::string svg_;
};

}  // namespace

std::unique_ptr<Drawing> svg_drawing(double width, double height, const std::string& title) {
  return std::make_unique<SvgDrawing>(width, height, title);
}

}  // namespace danas::report
