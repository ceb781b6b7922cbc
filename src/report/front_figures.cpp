#include "report/front_figures.hpp"

#include <fmt/core.h>

#include "report/staircase.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

/// What is shown of each system.
struct Axes {
  Measure need, score;
};

std::string hover(const Member& member, const Candidate& c, const Axes& axes) {
  std::string text =
      fmt::format("{}, no. {}: {}, {}; {} {}, RAM {}, flash {}", member.name, c.id, data_text(c.data),
                  architecture_text(c.architecture), info(axes.score).label, percent(c.measures[axes.score]),
                  kib(c.measures.count(Measure::ram_bytes)), kib(c.measures.count(Measure::flash_bytes)));
  return c.fits() ? text : text + "; over the limits";
}

Series points(const Member& member, std::size_t number, const Axes& axes) {
  Series series{member.name, member.name, look(number), Join::none, true, {}};
  for (const Candidate& c : front_systems(*member.run))
    series.marks.push_back(
        {c.measures[axes.need], c.measures[axes.score], hover(member, c, axes), 0, !c.fits(), false});
  return series;
}

Series joint_front(const std::vector<Member>& members, const std::string& name, Dash dash, const Axes& axes,
                   const std::optional<Limit>& limit) {
  std::vector<Candidate> systems;
  for (const Member& member : members)
    for (const Candidate& c : front_systems(*member.run)) systems.push_back(c);
  Series series{name, name, {"#1c2733", Shape::circle, dash}, Join::steps, false, {}};
  for (const auto& [need, score] : staircase(systems, axes.need, axes.score))
    series.marks.push_back({static_cast<double>(need), score});
  if (limit) series.ends_at = limit->x;
  return series;
}

std::optional<Limit> limit_of(const Member& member, Measure need) {
  const Settings& settings = member.run->settings;
  const auto& limit = need == Measure::ram_bytes ? settings.ram_limit : settings.flash_limit;
  if (!limit) return std::nullopt;
  return Limit{static_cast<double>(*limit), "limit " + kib(*limit)};
}

Figure front(const std::string& number, const std::string& ending, const std::string& what,
             const std::vector<Member>& members, const std::vector<Member>& others, const Axes& axes) {
  const std::string split = all_tested(members) ? "test " : "";
  Chart chart;
  chart.title = fmt::format("{} against {}: {}", info(axes.score).label, info(axes.need).label, what);
  if (axes.score == Measure::accuracy) chart.limit = limit_of(members[0], axes.need);
  chart.x = {std::string(info(axes.need).label) + ", KiB", Reading::kibibytes, false};
  chart.y = {split + info(axes.score).label, Reading::percent, false};
  for (std::size_t i = 0; i < members.size(); ++i) chart.series.push_back(points(members[i], i, axes));
  chart.series.push_back(joint_front(members, "front of these runs", Dash::solid, axes, chart.limit));
  if (!others.empty())
    chart.series.push_back(joint_front(others, fmt::format("front of the {} runs", text_of(others[0].role)),
                                       Dash::dotted, axes, chart.limit));
  return {"figure-" + number + ending,
          fmt::format("Figure {}: {} against {} of the systems on the front of each run ({})", number,
                      info(axes.score).label, info(axes.need).label, what),
          false, chart};
}

}  // namespace

std::vector<Figure> image_fronts(const std::string& number, const std::string& what, const std::vector<Member>& members,
                                 const std::vector<Member>& others) {
  if (members.empty()) return {};
  return {front(number, "-ram", what, members, others, {Measure::ram_bytes, Measure::accuracy}),
          front(number, "-flash", what, members, others, {Measure::flash_bytes, Measure::accuracy})};
}

std::vector<Figure> sound_front(const std::string& number, const std::string& what, const std::vector<Member>& members,
                                const std::vector<Member>& others) {
  if (members.empty()) return {};
  return {front(number, "", what, members, others, {Measure::flash_bytes, Measure::f1})};
}

}  // namespace danas::report
