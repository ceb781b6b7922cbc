#include "report/front_svg.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/file.hpp"
#include "report/chart_data.hpp"
#include "report/palette.hpp"
#include "report/staircase.hpp"
#include "report/text.hpp"

namespace danas {

namespace report {

namespace {

constexpr double width = 760;
constexpr double left = 64, right = 736, top = 44, bottom = 340;

/// RAM on a logarithmic axis, accuracy on a linear one.
struct Axes {
  double low_exponent = 10, high_exponent = 20;  ///< powers of two, in bytes
  double low = 0, high = 1;

  double x(double bytes) const {
    return left + (right - left) * (std::log2(std::max(bytes, 1.0)) - low_exponent) / (high_exponent - low_exponent);
  }
  double y(double accuracy) const { return bottom - (bottom - top) * (accuracy - low) / (high - low); }
};

double accuracy_step(double range) {
  for (const double step : {0.01, 0.02, 0.05, 0.1})
    if (range / step <= 8) return step;
  return 0.2;
}

Axes fit_axes(const Run& run, const std::vector<Candidate>& systems) {
  Axes axes;
  if (systems.empty()) return axes;
  double least = 1e300, most = 1, low = 1, high = 0;
  for (const Candidate& c : systems) {
    least = std::min(least, c.measures[Measure::ram_bytes]);
    most = std::max(most, c.measures[Measure::ram_bytes]);
    low = std::min(low, c.measures[Measure::accuracy]);
    high = std::max(high, c.measures[Measure::accuracy]);
  }
  if (run.settings.ram_limit) {
    most = std::max(most, static_cast<double>(*run.settings.ram_limit));
    least = std::min(least, static_cast<double>(*run.settings.ram_limit));
  }
  axes.low_exponent = std::log2(std::max(least, 64.0)) - 0.3;
  axes.high_exponent = std::max(std::log2(most) + 0.3, axes.low_exponent + 1);
  const double step = accuracy_step(high - low);
  axes.low = std::max(0.0, std::floor(low / step - 0.2) * step);
  axes.high = std::min(1.0, std::ceil(high / step + 0.2) * step);
  if (axes.high <= axes.low) axes.low = axes.high - step;
  return axes;
}

std::string text(double x, double y, const std::string& anchor, const std::string& content, const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" {}>{}</text>\n", x, y, anchor, more,
                     escape(content));
}

std::string grid(const Axes& axes, const std::string& split) {
  std::string svg;
  const auto line = [&](double x1, double y1, double x2, double y2) {
    svg += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#e3e6ea\"/>\n", x1, y1,
                       x2, y2);
  };
  const double step = accuracy_step(axes.high - axes.low);
  for (long tick = std::lround(std::ceil(axes.low / step - 1e-9)); static_cast<double>(tick) * step <= axes.high + 1e-9;
       ++tick) {
    const double accuracy = static_cast<double>(tick) * step;
    line(left, axes.y(accuracy), right, axes.y(accuracy));
    svg += text(left - 10, axes.y(accuracy) + 4.5, "end", percent(accuracy, 0));
  }
  const double most_ticks = 9;
  const double stride = std::max(1.0, std::ceil((axes.high_exponent - axes.low_exponent) / most_ticks));
  for (double exponent = std::ceil(axes.low_exponent); exponent <= axes.high_exponent; exponent += stride) {
    const double x = axes.x(std::exp2(exponent));
    line(x, top, x, bottom);
    svg += text(x, bottom + 20, "middle", fmt::format("{:g}", std::exp2(exponent - 10)));
  }
  svg += text((left + right) / 2, bottom + 42, "middle", "RAM, KiB");
  return svg + text(left - 44, 22, "start", "Accuracy (" + split + ")", "font-weight=\"600\"");
}

std::string front_line(const Run& run, const std::vector<Candidate>& systems, const Axes& axes) {
  const auto corners = staircase(systems, Measure::ram_bytes);
  if (corners.empty()) return "";
  std::string path;
  for (const auto& [bytes, accuracy] : corners) {
    const double x = axes.x(static_cast<double>(bytes)), y = axes.y(accuracy);
    path += path.empty() ? fmt::format("M{:.1f} {:.1f}", x, y) : fmt::format("H{:.1f}V{:.1f}", x, y);
  }
  const double end = run.settings.ram_limit ? axes.x(static_cast<double>(*run.settings.ram_limit)) : right;
  path += fmt::format("H{:.1f}", end);
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"#1c2733\" stroke-width=\"1.8\" "
                     "stroke-linejoin=\"round\"/>\n",
                     path);
}

std::string limit_line(const Run& run, const Axes& axes) {
  if (!run.settings.ram_limit) return "";
  const double x = axes.x(static_cast<double>(*run.settings.ram_limit));
  const std::string anchor = x > (left + right) / 2 ? "end" : "start";
  // A long name would leave the picture; letters are at most 9 wide here.
  const double room = (anchor == "end" ? x : width - x) - 100;
  const bool named = !run.settings.device.empty() && 9.0 * static_cast<double>(run.settings.device.size()) < room;
  return fmt::format("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"#b42318\" "
                     "stroke-width=\"1.4\" stroke-dasharray=\"5 4\"/>\n",
                     x, top - 8, bottom) +
         text(x + (anchor == "end" ? -8 : 8), top - 4, anchor,
              (named ? run.settings.device + ": " : "limit ") + kib(*run.settings.ram_limit), "fill=\"#b42318\"");
}

std::string point(double x, double y, const Mark& mark, bool filled, bool large, const std::string& title) {
  const std::string paint =
      fmt::format("fill=\"{}\" stroke=\"{}\" stroke-width=\"1.6\"", filled ? mark.color : "none", mark.color);
  const std::string hover = title.empty() ? "" : "<title>" + escape(title) + "</title>";
  const double side = large ? 6.6 : 4.4;
  if (mark.diamond)
    return fmt::format("<path d=\"M{0:.1f} {1:.1f}l{2} {2}l-{2} {2}l-{2} -{2}z\" {3}>{4}</path>\n", x, y - side, side,
                       paint, hover);
  return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" {}>{}</circle>\n", x, y, large ? 5.6 : 3.6, paint,
                     hover);
}

std::string accuracy_text(const Measures& measures) { return percent(measures[Measure::accuracy]); }

std::string hover(const Candidate& c, const FrontRow* final) {
  std::string text =
      fmt::format("No. {}: {}, {}; {} ", c.id, data_text(c.data), architecture_text(c.architecture), c.split);
  if (final) text += fmt::format("{} (final), ", accuracy_text(final->measures));
  text += fmt::format("{} (search)", accuracy_text(c.measures));
  if (final && final->test) text += fmt::format(", test {}", accuracy_text(*final->test));
  return text + fmt::format("; RAM {}, flash {}", kib(c.measures.count(Measure::ram_bytes)),
                            kib(c.measures.count(Measure::flash_bytes)));
}

std::string points(const Run& run, const Axes& axes, const std::vector<std::string>& configurations) {
  std::string svg;
  for (const Candidate& c : run.candidates) {
    const FrontRow* final = run.final_of(c.id);
    svg += point(axes.x(c.measures[Measure::ram_bytes]), axes.y((final ? *final : c).measures[Measure::accuracy]),
                 configuration_mark(configurations, c.data), c.fits(), final, hover(c, final));
  }
  return svg;
}

/// Data configurations, then the other signs, in rows of equal columns; returns the content and its lower end.
std::pair<std::string, double> legend(const std::vector<std::string>& configurations, bool finals) {
  constexpr double column = 168;
  constexpr int columns = 4;
  std::string svg;
  const double first = bottom + 70;
  int place = 0;
  const auto next = [&] {
    const std::pair<double, double> at{left + column * (place % columns), first + 22 * (place / columns)};
    ++place;
    return at;
  };
  const auto sign = [&](const Mark& mark, bool filled, bool large, const std::string& meaning) {
    const auto [x, y] = next();
    svg += point(x, y, mark, filled, large, "") + text(x + 12, y + 4.5, "start", meaning);
  };
  const Mark gray{"#69737d", false};
  for (const std::string& name : configurations)
    sign(configuration_mark(configurations, name), true, true, data_text(name));
  if (finals) sign(gray, true, true, "trained to the end");
  sign(gray, true, false, "as the search saw it");
  sign(gray, false, false, "over a limit");
  const auto [line_x, line_y] = next();
  svg += fmt::format("<path d=\"M{:.1f} {:.1f}h7v-5h7\" fill=\"none\" stroke=\"#1c2733\" stroke-width=\"1.8\"/>\n",
                     line_x - 7, line_y + 2.5) +
         text(line_x + 12, line_y + 4.5, "start", "best with that much RAM");
  return {svg, first + 22 * ((place - 1) / columns)};
}

}  // namespace

std::string front_svg(const Run& run) {
  const std::vector<Candidate> systems = run.latest();
  const Axes axes = fit_axes(run, systems);
  const std::vector<std::string> configurations = data_configurations({run});
  const auto [signs, end] = legend(configurations, run.front_from_file);
  const double height = end + 24;
  return fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
                     "height=\"{1:.0f}\" font-family=\"system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif\" "
                     "font-size=\"13\" fill=\"#3a4550\" role=\"img\">\n<title>Accuracy against RAM</title>\n"
                     "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" rx=\"8\" fill=\"#ffffff\"/>\n",
                     width, height) +
         grid(axes, run.split()) + limit_line(run, axes) + front_line(run, systems, axes) +
         points(run, axes, configurations) + signs + "</svg>\n";
}

}  // namespace report

void write_front_svg(const std::filesystem::path& run, const std::filesystem::path& svg) {
  write_file(svg, report::front_svg(report::read_run(run)));
}

}  // namespace danas
