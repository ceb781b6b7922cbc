#include "report/comparison_sections.hpp"

#include <algorithm>
#include <map>
#include <system_error>

#include <fmt/core.h>

#include "report/ablation.hpp"
#include "report/claims.hpp"
#include "report/draw_chart.hpp"
#include "report/paper_figures.hpp"
#include "report/rank_correlations.hpp"
#include "report/regret.hpp"
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

std::string figures_html(const std::vector<Figure>& figures) {
  std::string html = "<div class=\"charts two\">\n";
  for (const Figure& figure : figures)
    html += fmt::format("<figure id=\"{}\"><div class=\"picture\">\n{}</div><p class=\"quiet\">{}</p></figure>\n",
                        figure.id, chart_svg(figure.chart), escape(figure.caption));
  return html + "</div>\n";
}

std::string percents(const Spread& spread) {
  if (spread.count == 0) return "–";
  return fmt::format("{} ± {}", percent(spread.mean), percent(spread.deviation));
}

std::string taus(const Spread& tau) {
  if (tau.count == 0) return "–";
  return tau.count == 1 ? fmt::format("{:.2f}", tau.mean) : fmt::format("{:.2f} ± {:.2f}", tau.mean, tau.deviation);
}

std::string interval_text(const Interval& interval) {
  return fmt::format("{:.2f} to {:.2f}", interval.low, interval.high);
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
  if (paper.figures.empty()) return "";
  std::string html = "<section id=\"paper\">\n<h2>The paper's figures</h2>\n" + figures_html(paper.figures);
  if (!paper.left_out.empty()) {
    html += fmt::format("<p class=\"quiet\">{} of the paper's 9 figures left out:</p>\n<ul class=\"quiet\">\n",
                        paper.left_out.size());
    for (const std::string& line : paper.left_out) html += "<li>" + escape(line) + "</li>\n";
    html += "</ul>\n";
  }
  return html + "</section>\n";
}

std::string claims_section(const Comparison& comparison) {
  const std::vector<Claim> all = claims(comparison);
  if (std::ranges::none_of(all, &Claim::on_runs)) return "";
  std::vector<Cells> rows;
  for (const Claim& claim : all)
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
  for (const Ablation& each : ablation(comparison)) {
    const bool plain = each.switches.empty();
    rows.push_back({plain ? "none" : escape(each.switches), std::to_string(each.accuracy.count),
                    percents(each.accuracy), plain ? "" : compared(each.more_accurate), percents(each.hypervolume),
                    plain ? "" : compared(each.larger), taus(each.tau)});
  }
  if (rows.empty()) return "";
  return "<section id=\"ablation\">\n<h2>What the published code's switches do</h2>\n<p class=\"lead\">Test accuracy of the "
         "best system, and the share of the box between chance and the device's limits that the front covers, every front "
         "measured again: by test accuracy and by the RAM and flash of the deployed network. Compared with the runs without "
         "switches by the rule above. τ: of switches that act on weights or their use, the rank correlation below.</p>\n" +
         table({"switches", "#runs", "#accuracy", "than without", "#hypervolume", "than without", "#τ"}, rows) +
         "</section>\n";
}

std::string inputs_section(const Comparison& comparison) {
  const std::vector<std::vector<Member>> inputs = comparison.by_input(DeviceSize::large);
  if (inputs.size() < 2) return "";
  const auto scores = [](const std::vector<Member>& members) {
    std::vector<double> scores;
    for (const Member& member : members)
      if (const auto score = best_score(member)) scores.push_back(*score);
    return spread_of(scores);
  };
  const Spread aware = scores(comparison.on_images(Role::data_aware, DeviceSize::large));
  std::vector<Cells> rows;
  for (const std::vector<Member>& members : inputs) {
    const Spread fixed = scores(members);
    rows.push_back({escape(data_text(members.front().run->settings.input)), std::to_string(members.size()),
                    percents(fixed), text_of(is_larger(aware, fixed))});
  }
  return fmt::format(
             "<section id=\"inputs\">\n<h2>Hardware-aware search by data configuration</h2>\n<p class=\"lead\">The paper "
             "does not say which data configuration its hardware-aware search has; figures and claims take the largest "
             "input. Test accuracy of the best system, large device; that data-aware search finds a more accurate one "
             "({}), by the rule above.</p>\n",
             percents(aware)) +
         table({"data", "#runs", "#accuracy", "data-aware finds more"}, rows) + "</section>\n";
}

std::string rank_section(const Comparison& comparison) {
  std::vector<Cells> rows;
  for (const RankCorrelation& each : rank_correlations(comparison)) {
    const std::string& switches = each.run.run->settings.switches;
    Cells row{escape(each.run.name),           switches.empty() ? "none" : escape(switches),
              escape(each.scratch.name),       std::to_string(each.systems),
              percent(each.accuracy),          percent(each.scratch_accuracy),
              fmt::format("{:.2f}", each.tau), interval_text(each.interval)};
    const auto& over = each.over_plain;
    row.push_back(over ? fmt::format("{:+.2f}", over->value) : "–");
    row.push_back(over ? interval_text(over->interval) : "–");
    rows.push_back(row);
  }
  if (rows.empty()) return "";
  return "<section id=\"ranks\">\n<h2>Rank correlation</h2>\n<p class=\"lead\">How well accuracies as a search saw them "
         "rank the same systems trained from scratch ([supernet] steps = 0): mean accuracies, Kendall's τ (1: alike, 0: "
         "unrelated) and its difference to the same run without switches, each with 95 % of the bootstrap over the systems "
         "(paired for the difference).</p>\n" +
         table({"run", "switches", "against", "#systems", "#accuracy", "#accuracy from scratch", "#τ", "#τ, 95 %",
                "#Δτ", "#Δτ, 95 %"},
               rows) +
         "</section>\n";
}

std::string regret_section(const Comparison& comparison) {
  const std::vector<Regrets> all = regrets(comparison);
  if (all.empty()) return "";
  std::string html =
      "<section id=\"regret\">\n<h2>Regret</h2>\n<p class=\"lead\">By how much the accuracy of the best system within the "
      "limits is below that of the best of all, where another run evaluated the whole space, and the share of that space's "
      "hypervolume (between chance and the limits) that the search's front covers; means over the searches ± their "
      "standard deviation, as the search saw the systems.</p>\n";
  std::vector<std::string> names{"search", "strategy", "#searches"};
  for (const char* what : {"regret", "covered"})
    for (const std::size_t systems : told_systems) names.push_back(fmt::format("#{}, {} systems", what, systems));
  for (const Regrets& each : all) {
    std::vector<Cells> rows;
    for (const RegretGroup& group : each.groups) {
      Cells row{escape(group.name), escape(group.strategy), std::to_string(group.searches.size())};
      for (const std::size_t systems : told_systems) row.push_back(percents(group.after(systems)));
      for (std::size_t told = 0; told < told_systems.size(); ++told) row.push_back(percents(group.covered(told)));
      rows.push_back(row);
    }
    html += table(names, rows);
  }
  return html + figures_html(regret_figures(all)) + "</section>\n";
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
