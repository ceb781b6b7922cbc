#include "report/report.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/file.hpp"
#include "report/assets.hpp"
#include "report/chart_data.hpp"
#include "report/comparison_sections.hpp"
#include "report/draw_chart.hpp"
#include "report/front_chart.hpp"
#include "report/paper_figures.hpp"
#include "report/regret.hpp"
#include "report/report_runs.hpp"
#include "report/sections.hpp"
#include "report/text.hpp"

namespace danas {

namespace {

using report::Run;

/// The template with every {{name}} replaced once; what is put in is not looked through again.
template <class Content>
std::string fill(std::string_view page, Content content) {
  std::string filled;
  for (;;) {
    const std::size_t begin = page.find("{{"), end = page.find("}}", begin);
    if (begin == page.npos || end == page.npos) return filled.append(page);
    filled.append(page.substr(0, begin));
    filled += content(page.substr(begin + 2, end - begin - 2));
    page.remove_prefix(end + 2);
  }
}

/// What both pages begin with; `scripts`: whether the page's own may run.
std::string head(const std::string& title, bool scripts) {
  return fill(report::asset("head.html"), [&](std::string_view name) -> std::string {
    if (name == "title") return title;
    if (name == "scripts") return scripts ? "script-src 'unsafe-inline'; " : "";
    return std::string(report::asset(name));
  });
}

std::string title(const std::vector<Run>& runs) {
  if (runs.size() > 1) return fmt::format("{} runs", runs.size());
  const Run& run = runs[0];
  return report::escape(run.settings.name.empty() ? run.label : run.settings.name);
}

/// Which run it is, where there are several; the script paints it in the run's color.
std::string heading(const std::vector<Run>& runs, std::size_t i, int level) {
  if (runs.size() == 1) return "";
  return fmt::format("<h{0} class=\"run-name\" data-run=\"{1}\">{2}</h{0}>\n", level, i, report::escape(runs[i].label));
}

/// What is on the front by what, of all runs.
std::string objectives(const std::vector<Run>& runs) {
  std::string text;
  for (const Run& run : runs) {
    const std::string named = labels(run.settings.objectives);
    if (text.empty()) text = named;
    if (text != named) return "the measures that its experiment names";
  }
  return text;
}

/// Of the first run, as in the charts: "validation", at the beginning of a sentence "Validation".
std::string split(const std::vector<Run>& runs, bool begins = false) {
  std::string name = report::escape(runs.front().split());
  if (begins && !name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

std::string advice(const std::vector<Run>& runs) {
  return runs.front().split() == "test" ? "The search chose by the test images, which say too much of what it found."
                                        : "Choose by validation; test says what to expect of new images.";
}

/// What the accuracies of the first two figures are.
std::string accuracies(const std::vector<Run>& runs) {
  const bool finals = std::any_of(runs.begin(), runs.end(), [](const Run& run) { return run.front_from_file; });
  return finals ? "Large points: trained to the end, " + split(runs) +
                      " accuracy; small points: as the search saw them, before final training."
                : split(runs, true) + " accuracy as the search saw it, before final training.";
}

template <class Section>
std::string each_run(const std::vector<Run>& runs, Section section) {
  std::string html;
  for (std::size_t i = 0; i < runs.size(); ++i) html += heading(runs, i, 3) + section(runs[i], i);
  return html;
}

std::string several(const std::vector<Run>& runs) {
  if (runs.size() < 2) return "";
  const report::Comparison comparison(runs);
  return report::paper_section(comparison) + report::rank_section(comparison) + report::regret_section(comparison);
}

std::string run_page(const std::vector<Run>& runs, const std::filesystem::path& page) {
  const auto headlines = [&] {
    std::string text;
    for (std::size_t i = 0; i < runs.size(); ++i)
      text += report::headline(runs[i], page, heading(runs, i, 2)) + report::notes(runs[i]);
    return text;
  };
  const auto pictures = [](const Run& run, std::size_t) { return report::chart_svg(report::front_chart(run)); };
  const auto fronts = [](const Run& run, std::size_t i) {
    return report::front_table(run, i) + report::systems_table(run);
  };
  const auto facts = [](const Run& run, std::size_t) { return report::facts(run); };
  return fill(report::asset("report.html"), [&](std::string_view name) -> std::string {
    if (name == "head") return head(title(runs), true);
    if (name == "headlines") return headlines();
    if (name == "accuracies") return accuracies(runs);
    if (name == "Split") return split(runs, true);
    if (name == "advice") return advice(runs);
    if (name == "objectives") return objectives(runs);
    if (name == "pictures") return each_run(runs, pictures);
    if (name == "several") return several(runs);
    if (name == "fronts") return each_run(runs, fronts);
    if (name == "facts") return each_run(runs, facts);
    if (name == "data") return report::chart_data(runs);
    return std::string(report::asset(name));
  });
}

std::string missing(const std::vector<std::string>& folders) {
  if (folders.empty()) return "";
  std::string names;
  for (const std::string& folder : folders) names += (names.empty() ? "" : ", ") + report::escape(folder);
  return fmt::format("<div class=\"note\">{} run{} without systems yet: {}.</div>\n", folders.size(),
                     folders.size() == 1 ? "" : "s", names);
}

std::string campaign_page(const report::ReportRuns& campaign, const std::filesystem::path& page) {
  const report::Comparison comparison(campaign.runs);
  return fill(report::asset("campaign.html"), [&](std::string_view name) -> std::string {
    if (name == "head") return head(report::escape(campaign.campaign), false);
    if (name == "missing") return missing(campaign.missing);
    if (name == "claims") return report::claims_section(comparison);
    if (name == "paper") return report::paper_section(comparison);
    if (name == "inputs") return report::inputs_section(comparison);
    if (name == "ablation") return report::ablation_section(comparison);
    if (name == "ranks") return report::rank_section(comparison);
    if (name == "regret") return report::regret_section(comparison);
    if (name == "devices") return report::devices_section(comparison);
    if (name == "runs") return report::runs_section(comparison, page);
    if (name == "efficiency") return report::efficiency_section(comparison);
    return std::string(report::asset(name));
  });
}

}  // namespace

void write_report(const std::vector<std::filesystem::path>& directories, const std::filesystem::path& html) {
  const report::ReportRuns read = report::read_runs(directories);
  const std::filesystem::path page = html.parent_path();
  write_file(html, read.campaign.empty() ? run_page(read.runs, page) : campaign_page(read, page));
}

std::vector<std::filesystem::path> write_figures(const std::vector<std::filesystem::path>& directories,
                                                 const std::filesystem::path& folder) {
  const report::ReportRuns read = report::read_runs(directories);
  make_folder(folder);
  std::vector<std::filesystem::path> stems;
  std::set<std::string> taken;
  const auto write = [&](const std::string& name, const report::Chart& chart) {
    std::string free = name;
    for (int number = 2; !taken.insert(free).second; ++number) free = fmt::format("{}-{}", name, number);
    stems.push_back(folder / free);
    report::write_chart(chart, stems.back());
  };
  for (const Run& run : read.runs) write("front-" + report::directory_label(run.files.directory()), front_chart(run));
  if (read.runs.size() < 2) return stems;
  const report::Comparison comparison(read.runs);
  for (const report::Figure& figure : report::paper_figures(comparison).figures) write(figure.id, figure.chart);
  for (const report::Figure& figure : report::regret_figures(report::regrets(comparison)))
    write(figure.id, figure.chart);
  return stems;
}

}  // namespace danas
