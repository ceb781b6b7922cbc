#include "report/report.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "report/assets.hpp"
#include "report/chart_data.hpp"
#include "report/front_svg.hpp"
#include "report/run.hpp"
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
                      " accuracy; small points: as the search saw them, after a short fine-tuning."
                : split(runs, true) + " accuracy as the search saw it, after a short fine-tuning.";
}

template <class Section>
std::string each_run(const std::vector<Run>& runs, Section section) {
  std::string html;
  for (std::size_t i = 0; i < runs.size(); ++i) html += heading(runs, i, 3) + section(runs[i], i);
  return html;
}

/// Two directories of one name would be one line in the legend.
void tell_apart(std::vector<Run>& runs) {
  std::map<std::string, int> uses;
  for (const Run& run : runs) ++uses[run.label];
  for (Run& run : runs)
    if (uses[run.label] > 1) run.label = run.files.directory().string();
}

}  // namespace

void write_report(const std::vector<std::filesystem::path>& directories, const std::filesystem::path& html) {
  if (directories.empty()) throw expected("report", "at least one run directory", "none");
  std::vector<Run> runs;
  for (const auto& directory : directories) runs.push_back(report::read_run(directory));
  tell_apart(runs);

  const auto headlines = [&] {
    std::string text;
    for (std::size_t i = 0; i < runs.size(); ++i)
      text += report::headline(runs[i], html.parent_path(), heading(runs, i, 2)) + report::notes(runs[i]);
    return text;
  };
  const auto pictures = [](const Run& run, std::size_t) { return report::front_svg(run); };
  const auto fronts = [](const Run& run, std::size_t i) {
    return report::front_table(run, i) + report::systems_table(run);
  };
  const auto facts = [](const Run& run, std::size_t) { return report::facts(run); };

  write_file(html, fill(report::asset("report.html"), [&](std::string_view name) -> std::string {
               if (name == "title") return title(runs);
               if (name == "headlines") return headlines();
               if (name == "accuracies") return accuracies(runs);
               if (name == "Split") return split(runs, true);
               if (name == "advice") return advice(runs);
               if (name == "objectives") return objectives(runs);
               if (name == "pictures") return each_run(runs, pictures);
               if (name == "fronts") return each_run(runs, fronts);
               if (name == "facts") return each_run(runs, facts);
               if (name == "data") return report::chart_data(runs);
               return std::string(report::asset(name));
             }));
}

}  // namespace danas
