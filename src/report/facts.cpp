#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "report/rank_correlations.hpp"
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

std::string phases(const SummaryFacts& summary) {
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

/// What the keys of summary.json are called; others are words by themselves. Images may be `items` of another kind.
std::string fact_label(std::string key, const std::string& items) {
  static const std::pair<const char*, const char*> known[] = {
      {"systems", "systems evaluated"},        {"networks", "distinct networks"},
      {"diverged", "systems that diverged"},   {"supernets", "supernets trained"},
      {"untried", "data never tried"},         {"front_size", "systems on the front"},
      {"images_trained", "images trained"},    {"images_evaluated", "images evaluated"},
      {"positive", "positive class"},          {"train", "training images"},
      {"validation", "validation images"},     {"test", "test images"},
      {"peak_memory_mib", "peak memory, MiB"}, {"device", "trained on"}};
  for (const auto& [name, label] : known)
    if (key == name) {
      key = label;
      break;
    }
  const std::string images = "images";
  if (const std::size_t at = key.find(images); at != std::string::npos) key.replace(at, images.size(), items);
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

std::string shown(const std::string& text) { return text; }
std::string shown(std::int64_t number) { return thousands(number); }
std::string shown(double number) { return fmt::format("{:.5g}", number); }
/// "cat, dog"; of many only the first ones.
std::string shown(const std::vector<std::string>& names) {
  constexpr std::size_t most = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i ? ", " : "") + names[i];
  return names.size() > most ? fmt::format("{} and {} more", text, names.size() - most) : text;
}

/// "no. 3", "nos. 3, 5 and 7", of many only how many.
std::string numbers(const std::vector<std::int64_t>& ids) {
  constexpr std::size_t most = 12;
  if (ids.size() > most) return thousands(static_cast<long long>(ids.size())) + " systems";
  std::string text = ids.size() > 1 ? "nos. " : "no. ";
  for (std::size_t i = 0; i < ids.size(); ++i)
    text += (i == 0 ? "" : i + 1 < ids.size() ? ", " : " and ") + std::to_string(ids[i]);
  return text;
}

std::string ranks(const Run& run) {
  const auto found = final_ranks(run);
  if (!found) return "";
  return fmt::format(
      "<p class=\"quiet\">Accuracy as the search saw it and after final training rank the {} systems that were "
      "trained further with Kendall's τ = {:.2f} (1: alike, 0: unrelated; 95 % of the bootstrap: {:.2f} to "
      "{:.2f}).</p>\n",
      found->systems, found->tau, found->interval.low, found->interval.high);
}

std::string note(const std::string& text) { return "<p class=\"note\">" + text + "</p>\n"; }

}  // namespace

std::string notes(const Run& run) {
  std::string html;
  if (!run.finished()) {
    std::string missing = run.summary ? "" : run.files.summary().filename().string();
    if (!run.front_from_file) missing += (missing.empty() ? "" : " or ") + run.files.front().filename().string();
    html += note(fmt::format("<b>This run is not finished</b>: there is no {} yet.{}", missing,
                             run.front_from_file ? ""
                                                 : " The front is computed from candidates.csv, on the split the "
                                                   "search selects by; nothing has been measured on the test split."));
  }
  if (!run.diverged.empty())
    html += note(
        fmt::format("The training of {} diverged: left out. A lower learning rate in [finetune] or [scratch] may help.",
                    numbers(run.diverged)));
  if (!run.skipped.empty())
    html += note(fmt::format("Left out as they were not trained, {} systems: candidates.csv says why.",
                             thousands(static_cast<long long>(run.skipped.size()))));
  std::vector<std::int64_t> fallbacks;
  for (const FrontRow& row : run.front)
    if (row.outcome == Outcome::fallback) fallbacks.push_back(row.id);
  if (!fallbacks.empty())
    html += note(fmt::format("The final training of {} diverged: the model is that of before. A lower learning rate "
                             "in [final] may help.",
                             numbers(fallbacks)));
  if (run.dropped_tail) html += note("The last line of a file was half written and is left out.");
  if (!run.settings.ram_limit || !run.settings.flash_limit)
    html += note("experiment.toml names no limit for RAM or flash, so shares of the device are not shown.");
  if (run.summary && !run.summary->problems.empty()) {
    std::string items;
    for (const std::string& problem : run.summary->problems) items += "<li>" + escape(problem) + "</li>\n";
    html += fmt::format("<details class=\"note\"><summary><b>Problems in the data: {}</b></summary>\n<ul>{}</ul>"
                        "</details>\n",
                        run.summary->problems.size(), items);
  }
  return html;
}

std::string facts(const Run& run) {
  std::string html;
  if (run.summary) {
    html += "<dl class=\"facts\">\n";
    for (const auto& [key, fact] : run.summary->facts) {
      const std::string text = std::visit([](const auto& value) { return shown(value); }, fact);
      html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(fact_label(key, run.settings.items())),
                          escape(text));
    }
    html += "</dl>\n" + phases(*run.summary) + ranks(run);
  } else {
    html += fmt::format(
        "<dl class=\"facts\"><div><dt>systems evaluated so far</dt><dd>{}</dd></div></dl>\n",
        thousands(static_cast<long long>(run.candidates.size() + run.diverged.size() + run.skipped.size())));
  }
  if (!run.settings.text.empty())
    html += fmt::format("<details><summary>Settings (experiment.toml)</summary>\n<pre>{}</pre></details>\n",
                        escape(run.settings.text));
  return html;
}

}  // namespace danas::report
