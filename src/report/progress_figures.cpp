#include "report/progress_figures.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "report/search_axis.hpp"
#include "report/text.hpp"
#include "results/pareto_front.hpp"

namespace danas::report {

namespace {

/// A run's line: its role's look, which alone is in the legend.
Series line_of(const Member& member, Join join, bool first_of_role) {
  const std::size_t number = member.role == Role::data_aware ? 0 : 1;
  return {member.name, first_of_role ? text_of(member.role) : "", look(number), join, false, {}};
}

template <class Fill>
Chart chart_of(const std::vector<Member>& members, Join join, Fill fill) {
  Chart chart;
  std::vector<Role> named;
  for (const Member& member : members) {
    const bool first = std::find(named.begin(), named.end(), member.role) == named.end();
    named.push_back(member.role);
    chart.series.push_back(line_of(member, join, first));
    fill(member, chart.series.back());
  }
  return chart;
}

std::vector<SearchAxis> axes_of(const std::vector<Member>& members) {
  std::vector<SearchAxis> axes;
  for (const SearchAxis& axis : {SearchAxis::time(members), SearchAxis::images(members)})
    if (axis.known()) axes.push_back(axis);
  return axes;
}

}  // namespace

std::vector<double> averaged_fitness(const Run& run) {
  std::vector<double> means;
  for (std::size_t end = averaged_systems; end <= run.candidates.size(); ++end) {
    double sum = 0;
    for (std::size_t i = end - averaged_systems; i < end; ++i) sum += run.candidates[i].fitness;
    means.push_back(sum / static_cast<double>(averaged_systems));
  }
  return means;
}

std::vector<std::size_t> front_rows(const Run& run) {
  return front_of(run.candidates, run.settings.objectives, run.settings.violators);
}

std::vector<Figure> fitness_figures(const std::vector<Member>& members) {
  std::vector<Member> long_enough;
  std::copy_if(members.begin(), members.end(), std::back_inserter(long_enough),
               [](const Member& member) { return member.run->candidates.size() >= averaged_systems; });
  std::vector<Figure> figures;
  if (long_enough.empty()) return figures;
  for (const SearchAxis& axis : axes_of(long_enough)) {
    Chart chart = chart_of(long_enough, Join::line, [&](const Member& member, Series& series) {
      const std::vector<double> means = averaged_fitness(*member.run);
      for (std::size_t i = 0; i < means.size(); ++i)
        series.marks.push_back({axis.at(member.run->candidates[i + averaged_systems - 1]), means[i]});
    });
    chart.title = "fitness over the search";
    chart.x = {axis.label(), Reading::number, true};
    chart.y = {fmt::format("fitness, mean of {} systems", averaged_systems), Reading::number, false};
    figures.push_back({std::string("figure-6") + axis.ending(),
                       fmt::format("Figure 6: fitness over the search, the mean of {} systems one after the other; a "
                                   "line a run",
                                   averaged_systems),
                       axis.is_time(), chart});
  }
  return figures;
}

std::vector<Figure> found_figures(const std::vector<Member>& members) {
  std::vector<Figure> figures;
  if (members.empty()) return figures;
  for (const SearchAxis& axis : axes_of(members)) {
    Chart chart = chart_of(members, Join::steps, [&](const Member& member, Series& series) {
      const std::vector<std::size_t> rows = front_rows(*member.run);
      series.marks.push_back({0, 0});
      for (std::size_t i = 0; i < rows.size(); ++i)
        series.marks.push_back(
            {axis.at(member.run->candidates[rows[i]]), static_cast<double>(i + 1) / static_cast<double>(rows.size())});
      if (!member.run->candidates.empty()) series.ends_at = axis.at(member.run->candidates.back());
    });
    chart.title = "share of the front found over the search";
    chart.x = {axis.label(), Reading::number, true};
    chart.y = {"share of the Pareto-optimal systems found", Reading::percent, true};
    figures.push_back(
        {std::string("figure-7") + axis.ending(),
         "Figure 7: cumulative share of the Pareto-optimal systems that each search had found; a line a run",
         axis.is_time(), chart});
  }
  return figures;
}

}  // namespace danas::report
