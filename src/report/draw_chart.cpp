#include "report/draw_chart.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/file.hpp"
#include "report/chart_scale.hpp"
#include "report/drawing.hpp"

namespace danas::report {

namespace {

constexpr double left = 62, right_margin = 18, top = 42, plot_height = 250, bottom = top + plot_height;
constexpr double first_legend = bottom + 60, legend_row = 20, sign_width = 22, legend_gap = 16;
constexpr double widest_font = 1.2;  // of those that a page is shown in where there is no Helvetica
constexpr const char* grid_color = "#e3e6ea";
constexpr const char* limit_color = "#b42318";
constexpr double line_width = 1.6;

// Of what is drawn from 0 nothing is below it.
double lower_end(const Chart& chart, const Mark& mark) {
  const double low = mark.y - mark.deviation;
  return chart.y.from_zero ? std::max(low, 0.0) : low;
}

Range range_of(const Chart& chart, double Mark::*value) {
  Range range;
  for (const Series& series : chart.series)
    for (const Mark& mark : series.marks) {
      range.include(mark.*value);
      if (value == &Mark::y) range.include(mark.y + mark.deviation), range.include(lower_end(chart, mark));
    }
  if (value == &Mark::x && chart.limit) range.include(chart.limit->x);
  return range;
}

/// A legend entry and where it stands.
struct Sign {
  const Series* series;
  Place at;
};

std::vector<Sign> legend_of(const Chart& chart) {
  std::vector<Sign> signs;
  double x = left, y = first_legend;
  for (const Series& series : chart.series) {
    if (series.legend.empty()) continue;
    const double width = sign_width + widest_font * text_width(series.legend) + legend_gap;
    if (x > left && x + width - legend_gap > chart.width) x = left, y += legend_row;
    signs.push_back({&series, {x, y}});
    x += width;
  }
  return signs;
}

class ChartDrawing {
 public:
  using Make = std::function<std::unique_ptr<Drawing>(double width, double height, const std::string& title)>;

  ChartDrawing(const Chart& chart, const Make& make)
      : chart_(chart),
        x_(chart.places.empty() ? ChartScale(chart.x, range_of(chart, &Mark::x)) : ChartScale(chart.places)),
        y_(chart.y, range_of(chart, &Mark::y)), right_(chart.width - right_margin), signs_(legend_of(chart)),
        height_(signs_.empty() ? first_legend - 8 : signs_.back().at.y + 16),
        drawing_(make(chart.width, height_, chart.title)) {}

  std::string draw() {
    drawing_->shape({{0, 0}, {chart_.width, 0}, {chart_.width, height_}, {0, height_}}, true, {"#ffffff", ""}, "");
    draw_axes();
    draw_limit();
    for (const Series& series : chart_.series) draw_line(series);
    for (const Series& series : chart_.series)
      for (const Mark& mark : series.marks) draw_mark(series, mark);
    for (const Sign& sign : signs_) draw_sign(sign);
    return drawing_->finish();
  }

 private:
  Place place(double x, double y) const {
    return {left + (right_ - left) * x_.share(x), bottom - plot_height * y_.share(y)};
  }

  void draw_axes() {
    const Paint grid{"", grid_color};
    for (const auto& [value, text] : y_.ticks()) {
      const double y = bottom - plot_height * y_.share(value);
      drawing_->shape({{left, y}, {right_, y}}, false, grid, "");
      drawing_->text({left - 8, y + 4}, text, {Anchor::end});
    }
    for (const auto& [value, text] : x_.ticks()) {
      const double x = left + (right_ - left) * x_.share(value);
      if (chart_.places.empty()) drawing_->shape({{x, top}, {x, bottom}}, false, grid, "");
      drawing_->text({x, bottom + 18}, text, {Anchor::middle});
    }
    drawing_->text({(left + right_) / 2, bottom + 38}, chart_.x.label, {Anchor::middle});
    drawing_->text({8, 18}, chart_.y.label, {Anchor::start, "#1c2733", true});
  }

  // Its text stands on the side that has room.
  void draw_limit() {
    if (!chart_.limit) return;
    const double x = left + (right_ - left) * x_.share(chart_.limit->x);
    drawing_->shape({{x, top - 6}, {x, bottom}}, false, {"", limit_color, 1.4, Dash::dashed}, "");
    const bool before = x > (left + right_) / 2;
    drawing_->text({x + (before ? -6 : 6), top - 2}, chart_.limit->text,
                   {before ? Anchor::end : Anchor::start, limit_color});
  }

  void draw_line(const Series& series) {
    if (series.marks.empty() || series.join == Join::none) return;
    if (series.join == Join::bars) return draw_bars(series);
    std::vector<Place> places;
    for (const Mark& mark : series.marks) {
      const Place next = place(mark.x, mark.y);
      if (series.join == Join::steps && !places.empty()) places.push_back({next.x, places.back().y});
      places.push_back(next);
    }
    if (series.ends_at) places.push_back({place(*series.ends_at, 0).x, places.back().y});
    drawing_->shape(places, false, {"", series.look.color, line_width, series.look.dash}, series.name);
  }

  void draw_bars(const Series& series) {
    constexpr double half = 0.28;
    for (const Mark& mark : series.marks) {
      const Place from = place(mark.x - half, mark.y), to = place(mark.x + half, 0);
      drawing_->shape({from, {to.x, from.y}, to, {from.x, to.y}}, true,
                      {"#eef1f4", series.look.color, line_width, series.look.dash}, mark.hover);
    }
  }

  void draw_mark(const Series& series, const Mark& mark) {
    const Place at = place(mark.x, mark.y);
    if (mark.deviation > 0) {
      const double high = place(mark.x, mark.y + mark.deviation).y, low = place(mark.x, lower_end(chart_, mark)).y;
      const Paint paint{"", "#1c2733", line_width};
      drawing_->shape({{at.x, high}, {at.x, low}}, false, paint, "");
      for (const double y : {high, low}) drawing_->shape({{at.x - 6, y}, {at.x + 6, y}}, false, paint, "");
    }
    if (series.shows_marks) draw_shape(at, series.look, mark.hollow, mark.large, mark.hover);
  }

  void draw_shape(Place at, const Look& look, bool hollow, bool large, const std::string& hover) {
    const Paint paint{hollow ? "" : look.color, look.color, 1.6};
    const double r = large ? 5.6 : 3.6;
    const auto corners = [&](const std::vector<Place>& offsets) {
      std::vector<Place> places;
      for (const Place& offset : offsets) places.push_back({at.x + r * offset.x, at.y + r * offset.y});
      return places;
    };
    switch (look.shape) {
      case Shape::circle: return drawing_->circle(at, r, paint, hover);
      case Shape::square:
        return drawing_->shape(corners({{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}}), true, paint, hover);
      case Shape::triangle: return drawing_->shape(corners({{0, -1.2}, {1.1, 0.8}, {-1.1, 0.8}}), true, paint, hover);
      case Shape::diamond:
        return drawing_->shape(corners({{0, -1.2}, {1.2, 0}, {0, 1.2}, {-1.2, 0}}), true, paint, hover);
      case Shape::cross:
        drawing_->shape(corners({{-0.9, -0.9}, {0.9, 0.9}}), false, {"", look.color, 1.8}, hover);
        return drawing_->shape(corners({{-0.9, 0.9}, {0.9, -0.9}}), false, {"", look.color, 1.8}, hover);
    }
  }

  void draw_sign(const Sign& sign) {
    const Series& series = *sign.series;
    const double y = sign.at.y - 4;
    if (series.join == Join::bars)
      drawing_->shape({{sign.at.x, y - 5}, {sign.at.x + 16, y - 5}, {sign.at.x + 16, y + 5}, {sign.at.x, y + 5}}, true,
                      {"#eef1f4", series.look.color, line_width, series.look.dash}, "");
    else if (series.join != Join::none)
      drawing_->shape({{sign.at.x, y}, {sign.at.x + 16, y}}, false,
                      {"", series.look.color, line_width, series.look.dash}, "");
    if (series.shows_marks) draw_shape({sign.at.x + 8, y}, series.look, series.sign.hollow, series.sign.large, "");
    drawing_->text({sign.at.x + sign_width, sign.at.y}, series.legend, {});
  }

  const Chart& chart_;
  ChartScale x_, y_;
  double right_;
  std::vector<Sign> signs_;
  double height_;
  std::unique_ptr<Drawing> drawing_;
};

}  // namespace

std::string chart_svg(const Chart& chart) { return ChartDrawing(chart, svg_drawing).draw(); }
std::string chart_pdf(const Chart& chart) { return ChartDrawing(chart, pdf_drawing).draw(); }

void write_chart(const Chart& chart, const std::filesystem::path& stem) {
  const auto file = [&](const char* ending) { return std::filesystem::path(stem.string() + ending); };
  write_file(file(".svg"), chart_svg(chart));
  write_file(file(".pdf"), chart_pdf(chart));
  write_file(file(".csv"), chart_csv(chart));
}

}  // namespace danas::report
