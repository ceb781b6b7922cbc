#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "report/sections.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

/// In the order of time; what is not known stands last.
constexpr const char* phase_names[] = {"data", "supernets", "candidates", "final", "total"};

std::vector<std::pair<std::string, double>> in_order_of_time(std::vector<std::pair<std::string, double>> seconds) {
  const auto place = [](const auto& phase) {
    return std::find(std::begin(phase_names), std::end(phase_names), phase.first) - std::begin(phase_names);
  };
  std::stable_sort(seconds.begin(), seconds.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return seconds;
}

std::string phases(const Summary& summary) {
  double total = 0;
  for (const auto& [name, seconds] : summary.seconds)
    if (name != "total") total += seconds;
  std::string rows;
  for (const auto& [name, seconds] : in_order_of_time(summary.seconds)) {
    const bool whole = name == "total" || !(total > 0);
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"bar\">{}</td></tr>\n",
                        name == "final" ? "final training" : escape(name), duration(seconds),
                        whole ? "" : fmt::format("<i style=\"width:{:.1f}%\"></i>", 100 * seconds / total));
  }
  return rows.empty() ? "" : "<h3>Time by phase</h3>\n<table class=\"phases\">\n" + rows + "</table>\n";
}

/// "no. 3", "nos. 3, 5 and 7", of many only how many.
std::string numbers(const std::vector<std::string>& ids) {
  constexpr std::size_t most = 12;
  if (ids.size() > most) return thousands(static_cast<long long>(ids.size())) + " systems";
  std::string text = ids.size() > 1 ? "nos. " : "no. ";
  for (std::size_t i = 0; i < ids.size(); ++i) text += (i == 0 ? "" : i + 1 < ids.size() ? ", " : " and ") + escape(ids[i]);
  return text;
}

std::string note(const std::string& text) { return "<p class=\"note\">" + text + "</p>\n"; }

}  // namespace

std::string notes(const Run& run) {
  std::string html;
  if (!run.finished()) {
    std::string missing = run.summary ? "" : "summary.json";
    if (!run.front_from_file) missing += missing.empty() ? "front.csv" : " or front.csv";
    html += note(fmt::format("<b>This run is not finished</b>: there is no {} yet.{}", missing,
                             run.front_from_file ? "" : " The front is computed from candidates.csv, on the split the "
                             "search selects by; nothing has been measured on the test split."));
  }
  if (!run.diverged.empty())
    html += note(fmt::format("The training of {} diverged: left out. A lower learning rate in [finetune] may help.",
                             numbers(run.diverged)));
  std::vector<std::string> fallbacks;
  for (const Candidate& c : run.front)
    if (c.fallback) fallbacks.push_back(c.id);
  if (!fallbacks.empty())
    html += note(fmt::format("The final training of {} diverged: the model is the fine-tuned one. A lower learning rate "
                             "in [final] may help.", numbers(fallbacks)));
  if (run.dropped_tail) html += note("The last line of a file was half written and is left out.");
  if (!run.settings.ram_limit || !run.settings.flash_limit)
    html += note("experiment.toml names no limit for RAM or flash, so shares of the device are not shown.");
  if (run.summary && !run.summary->problems.empty()) {
    std::string items;
    for (const std::string& problem : run.summary->problems) items += "<li>" + escape(problem) + "</li>\n";
    html += fmt::format("<details class=\"note\"><summary><b>Problems in the data: {}</b></summary>\n<ul>{}</ul>"
                        "</details>\n", run.summary->problems.size(), items);
  }
  return html;
}

std::string facts(const Run& run) {
  std::string html;
  if (run.summary) {
    html += "<dl class=\"facts\">\n";
    for (const auto& [label, text] : run.summary->facts)
      html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(label), escape(text));
    html += "</dl>\n" + phases(*run.summary);
  } else {
    html += fmt::format("<dl class=\"facts\"><div><dt>systems evaluated so far</dt><dd>{}</dd></div></dl>\n",
                        thousands(static_cast<long long>(run.candidates.size() + run.diverged.size())));
  }
  if (!run.settings.text.empty())
    html += fmt::format("<details><summary>Settings (experiment.toml)</summary>\n<pre>{}</pre></details>\n",
                        escape(run.settings.text));
  return html;
}

}  // namespace danas::report
