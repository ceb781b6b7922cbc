#include <algorithm>
#include <numeric>
#include <string_view>

#include <fmt/core.h>

#include "report/sections.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

constexpr std::size_t most_systems = 500;

/// What columns of scores on the split that selects are called.
std::string searched(const Run& run) { return run.split() + " (search)"; }
std::string finished(const Run& run) { return run.split() + " (final)"; }

std::string badge(const std::string& text) { return " <span class=\"badge\">" + escape(text) + "</span>"; }

/// A cell: what is shown, and the value that it is sorted by.
std::string cell(const std::string& label, const std::string& shown, const std::string& sort_value, bool numeric) {
  return fmt::format("<td data-label=\"{}\" data-value=\"{}\"{}>{}</td>", escape(label), escape(sort_value),
                     numeric ? " class=\"number\"" : "", shown);
}

std::string score_cell(const std::string& label, const std::optional<Measures>& scores, Measure score) {
  if (!scores) return cell(label, "–", "-1", true);
  return cell(label, percent((*scores)[score]), measure_text(score, (*scores)[score]), true);
}

std::string count_cell(const Measures& measures, Measure measure) {
  return cell(info(measure).label, compact(measures[measure]), measure_text(measure, measures[measure]), true);
}

std::string bytes_cell(const Measures& measures, Measure measure, const std::optional<long long>& limit) {
  const long long bytes = measures.count(measure);
  std::string shown = kib(bytes);
  if (limit) {
    const double share = static_cast<double>(bytes) / static_cast<double>(*limit);
    shown += fmt::format(" <span class=\"share{}\">{}</span>", share > 1 ? " over" : "",
                         percent(share, share < 0.1 ? 1 : 0));
  }
  return cell(info(measure).label, shown, measure_text(measure, measures[measure]), true);
}

/// The rows stand by the accuracy that selects, the highest first; the script sorts them anew.
std::string table_head(const Run& run, const std::vector<std::string>& names) {
  std::string head = "<thead><tr>";
  for (const std::string& name : names)
    head += fmt::format("<th scope=\"col\" data-label=\"{0}\"{1}>{0}</th>", escape(name),
                        name == searched(run) || name == finished(run) ? " aria-sort=\"descending\"" : "");
  return head + "</tr></thead>\n";
}

std::vector<std::string> front_columns(const Run& run, bool tested) {
  std::vector<std::string> names{"no.", "data"};
  const auto add = [&](const std::vector<std::string>& more) { names.insert(names.end(), more.begin(), more.end()); };
  add(run.settings.stacks ? std::vector<std::string>{"layers"} : std::vector<std::string>{"depths", "width"});
  if (tested) add({finished(run), "test", "test precision", "test recall", "test F1"});
  else add({searched(run), "precision", "recall", "F1"});
  add({"parameters", "MACs", "RAM", "flash"});
  return names;
}

std::string network_cells(const Run& run, const std::string& architecture) {
  if (run.settings.stacks) return cell("layers", escape(architecture), architecture, false);
  const std::size_t space = std::min(architecture.find(' '), architecture.size());
  const std::string depths = architecture.substr(0, space);
  const std::string width = space < architecture.size() ? architecture.substr(space + 1) : "";
  return cell("depths", escape(depths), depths, false) + cell("width", escape(width), width, true);
}

std::string front_row(const Run& run, const FrontRow& c, bool is_best, bool tested) {
  std::string row = fmt::format("<tr{}>", is_best ? " class=\"best\"" : "");
  const std::string id = std::to_string(c.id);
  const bool fallback = c.outcome == Outcome::fallback;
  row += cell("no.", id + (is_best ? badge("best") : "") + (fallback ? badge("as it was before") : ""), id, false);
  row += cell("data", escape(data_text(c.data)), c.data, false);
  row += network_cells(run, c.architecture);
  row += score_cell(tested ? finished(run) : searched(run), c.measures, Measure::accuracy);
  if (tested) row += score_cell("test", c.test, Measure::accuracy);
  const std::optional<Measures> scores = tested ? c.test : c.measures;
  row += score_cell(tested ? "test precision" : "precision", scores, Measure::precision);
  row += score_cell(tested ? "test recall" : "recall", scores, Measure::recall);
  row += score_cell(tested ? "test F1" : "F1", scores, Measure::f1);
  row += count_cell(c.measures, Measure::parameters) + count_cell(c.measures, Measure::macs);
  row += bytes_cell(c.measures, Measure::ram_bytes, run.settings.ram_limit);
  row += bytes_cell(c.measures, Measure::flash_bytes, run.settings.flash_limit);
  return row + "</tr>\n";
}

std::string evaluated_row(const Run& run, const Candidate& c) {
  const std::string id = std::to_string(c.id);
  std::string row = "<tr>" + cell("no.", id, id, false);
  row += cell("data", escape(data_text(c.data)), c.data, false);
  row +=
      cell("architecture", escape(c.architecture) + (c.twin_of == 0 ? "" : badge(fmt::format("= no. {}", c.twin_of))),
           c.architecture, false);
  row += score_cell(searched(run), c.measures, Measure::accuracy);
  row += cell("fitness", fmt::format("{:.3f}", c.fitness), fmt::format("{}", c.fitness), true);
  row += score_cell("precision", c.measures, Measure::precision);
  row += score_cell("recall", c.measures, Measure::recall);
  row += count_cell(c.measures, Measure::macs);
  row += bytes_cell(c.measures, Measure::ram_bytes, run.settings.ram_limit);
  return row + bytes_cell(c.measures, Measure::flash_bytes, run.settings.flash_limit) + "</tr>";
}

/// The best first by what the search selects on: a choice by the test split would spoil what that says of new images.
template <class Row>
std::vector<std::size_t> by_accuracy(const std::vector<Row>& rows) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto accuracy = [&](std::size_t i) { return rows[i].measures[Measure::accuracy]; };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return accuracy(a) > accuracy(b); });
  return order;
}

}  // namespace

std::string front_table(const Run& run, std::size_t number) {
  if (run.front.empty()) return "<p>There is no system on the front yet.</p>\n";
  const bool tested = run.front_from_file;
  std::string html = fmt::format("<div class=\"scroll\"><table class=\"systems sortable\" id=\"front-{}\">\n", number);
  html += table_head(run, front_columns(run, tested));
  for (const std::size_t i : by_accuracy(run.front)) {
    const FrontRow& c = run.front[i];
    html += "<tbody>\n" + front_row(run, c, run.best == i, tested);
    if (const auto layers = run.layers.find(c.id); layers != run.layers.end())
      html += fmt::format("<tr class=\"detail\"><td colspan=\"{}\"><details><summary>Layers of no. {}</summary>\n"
                          "<p class=\"quiet\"><code>danas describe --arch {}</code></p>\n{}</details></td></tr>\n",
                          front_columns(run, tested).size(), c.id, escape(c.system_text()),
                          layer_diagram(layers->second, run.settings.ram_limit));
    html += "</tbody>\n";
  }
  return html + "</table></div>\n";
}

std::string systems_table(const Run& run) {
  if (run.candidates.empty()) return "";
  const std::vector<std::size_t> order = by_accuracy(run.candidates);
  const std::size_t shown = std::min(order.size(), most_systems);
  std::string html = fmt::format("<details><summary>All {} systems evaluated</summary>\n",
                                 thousands(static_cast<long long>(order.size())));
  if (shown < order.size())
    html += fmt::format("<p class=\"quiet\">The {} most accurate; the others are in candidates.csv.</p>\n", shown);
  html += "<div class=\"scroll\"><table class=\"systems sortable compact\">\n";
  html += table_head(
      run, {"no.", "data", "architecture", searched(run), "fitness", "precision", "recall", "MACs", "RAM", "flash"});
  for (std::size_t i = 0; i < shown; ++i)
    html += "<tbody>" + evaluated_row(run, run.candidates[order[i]]) + "</tbody>\n";
  return html + "</table></div></details>\n";
}

}  // namespace danas::report
