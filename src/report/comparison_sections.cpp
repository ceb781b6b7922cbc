#include "report/comparison_sections.hpp"

#include <algorithm>
#include <map>
#include <system_error>

#include <fmt/core.h>

#include "report/claims.hpp"
#include "report/draw_chart.hpp"
#include "report/paper_figures.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

std::string cell(const std::string& shown, bool number = false) {
  return fmt::format("<td{}>{}</td>", number ? " class=\"number\"" : "", shown);
}

std::string table(const std::vector<const char*>& names, const std::string& rows) {
  std::string head;
  for (const char* name : names) head += fmt::format("<th scope=\"col\">{}</th>", name);
  return fmt::format(
      "<div class=\"scroll\"><table class=\"plain\"><thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
      head, rows);
}

/// A phase's time, as the summary has it.
std::string phase_cell(const Run& run, const char* phase) {
  if (run.summary)
    for (const auto& [name, seconds] : run.summary->seconds)
      if (name == phase) return cell(duration(seconds), true);
  return cell("–", true);
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
  std::string rows;
  for (const Claim& claim : claims(comparison))
    rows += "<tr>" + cell(escape(claim.text)) + cell(escape(claim.paper)) + cell(escape(claim.here)) +
            cell(escape(claim.data)) + cell("<b>" + escape(text_of(claim.verdict)) + "</b>") + "</tr>\n";
  return fmt::format("<section id=\"claims\">\n<h2>The paper's claims</h2>\n<p class=\"lead\">{}</p>\n{}</section>\n",
                     verdict_rule, table({"claim", "paper", "here", "data", "verdict"}, rows));
}

std::string devices_section(const Comparison& comparison) {
  std::map<DeviceSize, std::map<std::string, int>> devices;
  std::map<std::string, const Settings*> limits;
  for (const Member& member : comparison.members()) {
    ++devices[member.size][member.run->settings.device];
    limits[member.run->settings.device] = &member.run->settings;
  }
  std::string rows;
  for (const auto& [size, named] : devices)
    for (const auto& [name, count] : named) {
      const Settings& settings = *limits[name];
      rows += "<tr>" + cell(text_of(size)) + cell(settings.ram_limit ? kib(*settings.ram_limit) : "–", true) +
              cell(settings.flash_limit ? kib(*settings.flash_limit) : "–", true) + cell(escape(name)) +
              cell(std::to_string(count), true) + "</tr>\n";
    }
  return "<section id=\"devices\">\n<h2>Table 1: devices</h2>\n" +
         table({"size", "RAM", "flash", "device", "runs"}, rows) + "</section>\n";
}

std::string efficiency_section(const Comparison& comparison) {
  std::string rows;
  for (const Member& member : comparison.members()) {
    const Run& run = *member.run;
    const auto systems = static_cast<long long>(run.candidates.size() + run.diverged.size());
    const long long images = run.candidates.empty() ? 0 : run.candidates.back().images;
    rows += "<tr>" + cell(escape(member.name)) + cell(thousands(systems), true) +
            cell(images > 0 ? thousands(images) : "–", true) +
            cell(images > 0 && systems > 0 ? thousands(images / systems) : "–", true);
    for (const char* phase : {"data", "supernets", "candidates", "final", "total"}) rows += phase_cell(run, phase);
    rows += "</tr>\n";
  }
  return "<section id=\"efficiency\">\n<h2>What the searches took</h2>\n<p class=\"lead\">Images that were trained on or "
         "evaluated up to the last system, supernets included; the published search took 254,383 a system. A supernet that "
         "another run had trained is charged as if it had been trained again.</p>\n" +
         table({"run", "systems", "images", "images a system", "data", "supernets", "candidates", "final training",
                "total"},
               rows) +
         "</section>\n";
}

std::string runs_section(const Comparison& comparison, const std::filesystem::path& page) {
  std::string rows;
  for (const Member& member : comparison.members()) {
    const Run& run = *member.run;
    rows += "<tr>" + cell(link(run, page)) + cell(text_of(member.role)) + cell(escape(run.settings.device)) +
            cell(escape(run.settings.data_name));
    if (!run.best) {
      rows += cell("–", true) + cell("no system within the limits") + cell("–", true) + cell("–", true) + "</tr>\n";
      continue;
    }
    const FrontRow& best = run.front[*run.best];
    rows += cell(percent(*best_score(member)), true) +
            cell(escape(data_text(best.data)) + ", " + escape(architecture_text(best.architecture))) +
            cell(kib(best.measures.count(Measure::ram_bytes)), true) +
            cell(kib(best.measures.count(Measure::flash_bytes)), true) + "</tr>\n";
  }
  return "<section id=\"runs\">\n<h2>The runs</h2>\n<p class=\"lead\">The best system of each within the limits, chosen by "
         "validation: accuracy (on sounds F1) on the test split where the run is finished.</p>\n" +
         table({"run", "search", "device", "data", "best", "its system", "RAM", "flash"}, rows) + "</section>\n";
}

}  // namespace danas::report
