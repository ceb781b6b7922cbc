#include "report/threshold_figures.hpp"

#include <fmt/core.h>

#include <functional>

#include "report/search_axis.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

using Value = std::function<double(const Reached&)>;

// A bar for the mean of the runs, and a mark for each of them.
void add_bar(Chart& chart, const std::vector<Member>& members, double threshold, const Value& value) {
  const auto place = static_cast<double>(chart.places.size());
  Series each{"run", chart.places.empty() ? "a run" : "", look(6), Join::none, true, {},
              {},    {0, 0, "", 0, true, false}};
  std::vector<double> values;
  for (const Member& member : members)
    if (const auto when = reached(*member.run, threshold)) {
      values.push_back(value(*when));
      each.marks.push_back({place, values.back(), fmt::format("{}: {:g}", member.name, values.back()), 0, true, false});
    }
  const Spread spread = spread_of(values);
  const std::string told = fmt::format("mean of {} of {} runs: {:.4g} ± {:.4g}", values.size(), members.size(),
                                       spread.mean, spread.deviation);
  Series bar{
      "mean", chart.places.empty() ? "mean and standard deviation" : "", look(chart.places.size()), Join::bars, false,
      {}};
  bar.marks.push_back({place, spread.mean, told, spread.deviation, false, false});
  const bool all = values.size() == members.size();
  chart.places.push_back(std::string(members[0].role == Role::naive ? "naive" : "with supernets") +
                         (all ? "" : fmt::format(" ({} of {} runs)", values.size(), members.size())));
  chart.series.push_back(bar);
  chart.series.push_back(each);
}

}  // namespace

std::vector<Figure> threshold_figures(const std::vector<Member>& supernet, const std::vector<Member>& naive) {
  const auto threshold = common_threshold(naive);
  std::vector<Figure> figures;
  if (!threshold || supernet.empty()) return figures;
  std::vector<Member> all = supernet;
  all.insert(all.end(), naive.begin(), naive.end());
  const auto add = [&](const std::string& ending, const std::string& label, bool wall_clock, const Value& value) {
    Chart chart;
    chart.title = fmt::format("until the first system of {} accuracy", percent(*threshold, 0));
    chart.y = {label, Reading::number, true};
    for (const auto* members : {&supernet, &naive}) add_bar(chart, *members, *threshold, value);
    figures.push_back(
        {"figure-10" + ending,
         fmt::format(
             "Figure 10: what it takes to the first system of {} accuracy, the largest whole percent that every "
             "naive run reached ({}); mean and standard deviation over the runs",
             percent(*threshold, 0), label),
         wall_clock, chart});
  };
  add("-systems", "systems evaluated", false, [](const Reached& when) { return static_cast<double>(when.systems); });
  for (const SearchAxis& axis : {SearchAxis::time(all), SearchAxis::images(all)})
    if (axis.known())
      add(axis.ending(), axis.label(), axis.is_time(),
          [axis](const Reached& when) { return axis.at(when.seconds, when.images); });
  return figures;
}

}  // namespace danas::report
