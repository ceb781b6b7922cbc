#include "report/comparison_sections.hpp"

#include <algorithm>
#include <map>
#include <system_error>

#include <fmt/core.h>

#include "report/ablation.hpp"
#include "report/claims.hpp"
#include "report/draw_chart.hpp"
#include "report/paper_figures.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

using Cells = std::vector<std::string>;  ///< HTML

/// Names of columns; those of numbers begin with #.
std::string table(const std::vector<std::string>& names, const std::vector<Cells>& rows) {
  const auto is_number = [&](std::size_t i) { return names[i][0] == '#'; };
  const auto label = [&](std::size_t i) { return names[i].substr(is_number(i) ? 1 : 0); };
  const auto kind = [&](std::size_t i) { return is_number(i) ? " class=\"number\"" : ""; };
  std::string html = "<div class=\"scroll\"><table class=\"plain\"><thead><tr>";
  for (std::size_t i = 0; i < names.size(); ++i) html += fmt::format("<th scope=\"col\"{}>{}</th>", kind(i), label(i));
  html += "</tr></thead>\n<tbody>\n";
  for (const Cells& row : rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < names.size(); ++i)
      html += fmt::format("<td{} data-label=\"{}\">{}</td>", kind(i), label(i), row[i]);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

/// A phase's time, as the summary has it.
std::string phase_text(const Run& run, const char* phase) {
  if (run.summary)
    for (const auto& [name, seconds] : run.summary->seconds)
      if (name == phase) return duration(seconds);
  return "–";
}

std::string link(const Run& run, const std::filesystem::path& page) {
  std::error_code code;
  if (!std::filesystem::exists(run.files.report(), code)) return escape(run.label);
  const auto relative = std::filesystem::relative(run.files.report(), page.empty() ? "." : page, code);
  if (code || relative.empty()) return escape(run.label);
  return fmt::format("<a href=\"{}\">{}</a>", escape(url_path(relative)), escape(run.label));
}

}  // namespace

std::string paper_section(const Comparison& comparison) {
  const PaperFigures paper = paper_figures(comparison);
  std::string html = "<section id=\"paper\">\n<h2>The paper's figures</h2>\n<div class=\"charts two\">\n";
  for (const Figure& figure : paper.figures)
    html += fmt::format("<figure id=\"{}\"><div class=\"picture\">\n{}</div><p class=\"quiet\">{}</p></figure>\n",
                        figure.id, chart_svg(figure.chart), escape(figure.caption));
  html += "</div>\n";
  if (!paper.left_out.empty()) {
    html += fmt::format("<p class=\"quiet\">{} of the paper's 9 figures left out:</p>\n<ul class=\"quiet\">\n",
                        paper.left_out.size());
    for (const std::string& line : paper.left_out) html += "<li>" + escape(line) + "</li>\n";
    html += "</ul>\n";
  }
  return html + "</section>\n";
}

std::string claims_section(const Comparison& comparison) {
  std::vector<Cells> rows;
  for (const Claim& claim : claims(comparison))
    rows.push_back({escape(claim.text), escape(claim.paper), escape(claim.here), escape(claim.data),
                    fmt::format("<b>{}</b>", text_of(claim.verdict))});
  return fmt::format("<section id=\"claims\">\n<h2>The paper's claims</h2>\n<p class=\"lead\">{}</p>\n{}</section>\n",
                     verdict_rule, table({"claim", "paper", "here", "data", "verdict"}, rows));
}

std::string ablation_section(const Comparison& comparison) {
  std::vector<Cells> rows;
  const auto compared = [](Verdict larger) {
    return larger == Verdict::holds ? "more" : larger == Verdict::does_not ? "less" : text_of(larger);
  };
  const auto text = [](const Spread& spread) {
    return fmt::format("{} ± {}", percent(spread.mean), percent(spread.deviation));
  };
  for (const Ablation& each : ablation(comparison)) {
    const bool plain = each.switches.empty();
    rows.push_back({plain ? "none" : escape(each.switches), std::to_string(each.accuracy.count), text(each.accuracy),
                    plain ? "" : compared(each.more_accurate), text(each.hypervolume),
                    plain ? "" : compared(each.larger)});
  }
  if (rows.empty()) return "";
  return "<section id=\"ablation\">\n<h2>What the published code's switches do</h2>\n<p class=\"lead\">Test accuracy of the "
         "best system, and the share of the box between chance and the device's limits that the front covers, every front "
         "measured again: by test accuracy and by the RAM and flash of the deployed network. Compared with the runs without "
         "switches by the rule above.</p>\n" +
         table({"switches", "#runs", "#accuracy", "than without", "#hypervolume", "than without"}, rows) +
         "</section>\n";
}

std::string devices_section(const Comparison& comparison) {
  std::map<std::pair<DeviceSize, std::string>, std::vector<const Settings*>> devices;
  for (const Member& member : comparison.members())
    if (!member.sounds) devices[{member.size, member.run->settings.device}].push_back(&member.run->settings);
  const auto limit = [](const std::optional<long long>& bytes) { return bytes ? kib(*bytes) : "–"; };
  std::vector<Cells> rows;
  for (const auto& [device, runs] : devices)
    rows.push_back({text_of(device.first), limit(runs[0]->ram_limit), limit(runs[0]->flash_limit),
                    escape(device.second), std::to_string(runs.size())});
  return "<section id=\"devices\">\n<h2>Table 1: devices</h2>\n" +
         table({"size", "#RAM", "#flash", "device", "#runs"}, rows) + "</section>\n";
}

std::string efficiency_section(const Comparison& comparison) {
  std::vector<Cells> rows;
  for (const Member& member : comparison.members()) {
    const Run& run = *member.run;
    const auto systems = static_cast<long long>(run.candidates.size() + run.diverged.size());
    const long long images = run.candidates.empty() ? 0 : run.candidates.back().images;
    Cells row{escape(member.name), thousands(systems), images > 0 ? thousands(images) : "–",
              images > 0 ? thousands(images / systems) : "–"};
    for (const char* phase : {"data", "supernets", "candidates", "final", "total"})
      row.push_back(phase_text(run, phase));
    rows.push_back(row);
  }
  return "<section id=\"efficiency\">\n<h2>What the searches took</h2>\n<p class=\"lead\">Images that were trained on or "
         "evaluated up to the last system, supernets included; the published search took 254,383 a system. A supernet that "
         "another run had trained is charged as if it had been trained again.</p>\n" +
         table({"run", "#systems", "#images", "#images a system", "#data", "#supernets", "#candidates",
                "#final training", "#total"},
               rows) +
         "</section>\n";
}

std::string runs_section(const Comparison& comparison, const std::filesystem::path& page) {
  std::vector<Cells> rows;
  for (const Member& member : comparison.members()) {
    const Run& run = *member.run;
    Cells row{link(run, page), text_of(member.role), escape(run.settings.device), escape(run.settings.data_name)};
    if (run.best) {
      const FrontRow& best = run.front[*run.best];
      row.insert(row.end(),
                 {percent(*best_score(member)),
                  escape(data_text(best.data)) + ", " + escape(architecture_text(best.architecture)),
                  kib(best.measures.count(Measure::ram_bytes)), kib(best.measures.count(Measure::flash_bytes))});
    } else {
      row.insert(row.end(), {"–", "none within the limits", "–", "–"});
    }
    rows.push_back(row);
  }
  return "<section id=\"runs\">\n<h2>The runs</h2>\n<p class=\"lead\">The best system of each within the limits, chosen by "
         "validation: accuracy (on sounds F1) on the test split where the run is finished.</p>\n" +
         table({"run", "search", "device", "data", "#best", "its system", "#RAM", "#flash"}, rows) + "</section>\n";
}

}  // namespace danas::report
