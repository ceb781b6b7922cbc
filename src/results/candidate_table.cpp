#include "results/candidate_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <unordered_set>
#include <utility>

namespace danas {

namespace {

/// A field of a table being read.
struct Cell {
  const CsvTable& table;
  std::size_t row, column;

  const std::string& text() const { return table.text(row, column); }
  std::int64_t count() const {
    const long long count = table.count(row, column);
    if (count > most_count) throw unexpected(fmt::format("an integer of at most {}", most_count));
    return count;
  }
  Error unexpected(const std::string& what) const { return table.unexpected(row, column, what); }
};

struct Column {
  std::string name;
  std::function<std::string(const Candidate&)> write;
  std::function<void(Candidate&, const Cell&)> read;
  bool added_later = false;  ///< older files lack it; a Candidate as it is created holds what they meant
};

Column id_column() {
  return {"id", [](const Candidate& c) { return fmt::format("{}", c.id); },
          [](Candidate& c, const Cell& cell) {
            c.id = cell.count();
            if (c.id == 0) throw cell.unexpected("an integer of at least 1");
          }};
}

Column count_column(const char* name, std::int64_t Candidate::*field, bool added_later = false) {
  return {name, [=](const Candidate& c) { return fmt::format("{}", c.*field); },
          [=](Candidate& c, const Cell& cell) { c.*field = cell.count(); }, added_later};
}

Column text_column(const char* name, std::string Candidate::*field) {
  return {name, [=](const Candidate& c) { return c.*field; },
          [=](Candidate& c, const Cell& cell) { c.*field = cell.text(); }};
}

Column fitness_column() {
  return {"fitness", [](const Candidate& c) { return fmt::format("{}", c.fitness); },
          [](Candidate& c, const Cell& cell) { c.fitness = cell.table.number(cell.row, cell.column); }};
}

Column seconds_column(const char* name, double Candidate::*field) {
  return {name, [=](const Candidate& c) { return fmt::format("{:.3f}", c.*field); },
          [=](Candidate& c, const Cell& cell) { c.*field = cell.table.number(cell.row, cell.column); }};
}

double read_measure(const Cell& cell, Measure measure) {
  return info(measure).unit == Unit::share ? cell.table.share(cell.row, cell.column)
                                           : static_cast<double>(cell.count());
}

// A column that was added later is empty in rows of before.
Column measure_column(Measure measure, bool added_later) {
  const auto write = [=](const Candidate& c) {
    return added_later && !c.measures.has(measure) ? "" : measure_text(measure, c.measures[measure]);
  };
  const auto read = [=](Candidate& c, const Cell& cell) {
    if (!added_later || !cell.text().empty()) c.measures.set(measure, read_measure(cell, measure));
  };
  return {info(measure).name, write, read, added_later};
}

Column violation_column(const char* name, Measure measure) {
  return {name, [=](const Candidate& c) { return measure_text(measure, c.violation[measure]); },
          [=](Candidate& c, const Cell& cell) { c.violation.set(measure, read_measure(cell, measure)); }};
}

Column twin_column() {
  return {"twin_of", [](const Candidate& c) { return c.twin_of == 0 ? "" : fmt::format("{}", c.twin_of); },
          [](Candidate& c, const Cell& cell) { c.twin_of = cell.text().empty() ? 0 : cell.count(); }, true};
}

Column status_column() {
  return {"status", [](const Candidate& c) { return std::string(name_of(c.outcome)); },
          [](Candidate& c, const Cell& cell) {
            const auto outcome = find_named<Outcome>(cell.text());
            if (!outcome) throw cell.unexpected("one of " + listed_names<Outcome>());
            c.outcome = *outcome;
          },
          true};
}

constexpr Measure first_measures[] = {Measure::accuracy,  Measure::precision,  Measure::recall,
                                      Measure::f1,        Measure::parameters, Measure::macs,
                                      Measure::ram_bytes, Measure::flash_bytes};

// The order of the columns: new ones stand at the end.
std::vector<Column> make_schema() {
  std::vector<Column> columns{id_column(),
                              count_column("generation", &Candidate::generation),
                              text_column("origin", &Candidate::origin),
                              text_column("parents", &Candidate::parents),
                              text_column("data", &Candidate::data),
                              text_column("architecture", &Candidate::architecture),
                              text_column("split", &Candidate::split)};
  for (const Measure measure : first_measures) columns.push_back(measure_column(measure, false));
  columns.push_back(violation_column("ram_violation", Measure::ram_bytes));
  columns.push_back(violation_column("flash_violation", Measure::flash_bytes));
  columns.push_back(fitness_column());
  columns.push_back(seconds_column("train_seconds", &Candidate::train_seconds));
  columns.push_back(seconds_column("eval_seconds", &Candidate::eval_seconds));
  columns.push_back(seconds_column("elapsed_seconds", &Candidate::elapsed_seconds));
  columns.push_back(twin_column());
  columns.push_back(status_column());
  columns.push_back(count_column("images", &Candidate::images, true));
  for (const MeasureInfo& each : all_measures)
    if (std::find(std::begin(first_measures), std::end(first_measures), each.measure) == std::end(first_measures))
      columns.push_back(measure_column(each.measure, true));
  return columns;
}

const std::vector<Column>& schema() {
  static const std::vector<Column> columns = make_schema();
  return columns;
}

/// Columns of the schema that the table has, with their places.
std::vector<std::pair<const Column*, std::size_t>> places(const CsvTable& table) {
  std::vector<std::pair<const Column*, std::size_t>> found;
  for (const Column& column : schema())
    if (!column.added_later || table.find_column(column.name)) found.emplace_back(&column, table.column(column.name));
  return found;
}

std::string test_column(const MeasureInfo& score) { return std::string("test_") + score.name; }

/// The test scores of each row; none where the row has none.
std::vector<std::optional<Measures>> read_tests(const CsvTable& table) {
  std::vector<std::optional<Measures>> tests(table.rows());
  if (!table.find_column(test_column(scores[0]))) return tests;
  for (const MeasureInfo& score : scores) {
    const std::size_t column = table.column(test_column(score));
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (table.text(row, table.column(test_column(scores[0]))).empty()) continue;
      if (!tests[row]) tests[row].emplace();
      tests[row]->set(score.measure, table.share(row, column));
    }
  }
  return tests;
}

}  // namespace

CsvFields candidate_columns() {
  CsvFields names;
  for (const Column& column : schema()) names.push_back(column.name);
  return names;
}

CsvFields candidate_fields(const Candidate& candidate) {
  CsvFields fields;
  for (const Column& column : schema()) fields.push_back(column.write(candidate));
  return fields;
}

std::vector<Candidate> read_candidates(const CsvTable& table) {
  const auto columns = places(table);
  std::vector<Candidate> candidates(table.rows());
  std::unordered_set<std::int64_t> ids;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const auto& [column, place] : columns) column->read(candidates[row], {table, row, place});
    if (!ids.insert(candidates[row].id).second)
      throw table.unexpected(row, table.column("id"), "a system not listed before");
  }
  return candidates;
}

void refuse_unknown_columns(const CsvTable& candidates) {
  const CsvFields known = candidate_columns();
  for (const std::string& column : candidates.columns())
    if (std::find(known.begin(), known.end(), column) == known.end())
      throw candidates.broken_header("columns that this version knows", "\"" + column + "\"");
}

CsvFields front_columns() {
  CsvFields names = candidate_columns();
  for (const MeasureInfo& score : scores) names.push_back(test_column(score));
  return names;
}

CsvFields front_fields(const FrontRow& row) {
  CsvFields fields = candidate_fields(row);
  for (const MeasureInfo& score : scores)
    fields.push_back(row.test ? measure_text(score.measure, (*row.test)[score.measure]) : "");
  return fields;
}

std::vector<FrontRow> read_front(const CsvTable& table) {
  const std::vector<Candidate> candidates = read_candidates(table);
  const std::vector<std::optional<Measures>> tests = read_tests(table);
  std::vector<FrontRow> rows;
  for (std::size_t row = 0; row < candidates.size(); ++row) rows.push_back({candidates[row], tests[row]});
  return rows;
}

}  // namespace danas
