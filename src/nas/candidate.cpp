#include "nas/candidate.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "base/error.hpp"
#include "base/number.hpp"

namespace danas {

namespace {

System parse_fields(const std::string& data, const std::string& architecture, const std::string& where) {
  std::string text = data + "," + architecture;
  const std::size_t dash = data.find('-'), space = text.find(' ');
  if (dash == std::string::npos || space == std::string::npos)
    throw expected(where, "a system as 96-monochrome and 2-3-1-0-0 0.5", text);
  text[dash] = ',';
  text[space] = ',';
  try {
    return parse_system(text);
  } catch (const Error& error) {
    throw Error(where, error.what());
  }
}

constexpr const char* outcome_names[] = {"evaluated", "twin", "diverged", "fallback"};

Outcome parse_outcome(const std::string& name, const std::string& where) {
  const auto found = std::find(std::begin(outcome_names), std::end(outcome_names), name);
  if (found == std::end(outcome_names))
    throw expected(where, "evaluated, twin, diverged or fallback as status", "\"" + name + "\"");
  return static_cast<Outcome>(found - std::begin(outcome_names));
}

}  // namespace

const CsvFields& candidate_columns() {
  static const CsvFields columns{
      "id", "generation", "origin", "parents", "data", "architecture", "split", "accuracy", "precision", "recall", "f1",
      "parameters", "macs", "ram_bytes", "flash_bytes", "ram_violation", "flash_violation", "fitness", "train_seconds",
      "eval_seconds", "elapsed_seconds", "twin_of", "status"};
  return columns;
}

const char* outcome_name(Outcome outcome) { return outcome_names[static_cast<std::size_t>(outcome)]; }

CsvFields candidate_fields(const Candidate& c) {
  const auto exact = [](auto value) { return fmt::format("{}", value); };
  const auto time = [](double seconds) { return fmt::format("{:.3f}", seconds); };
  return {exact(c.id), exact(c.generation), c.origin, c.parents, c.system.data.text(), c.system.architecture.text(),
          c.split, exact(c.metrics.accuracy), exact(c.metrics.precision), exact(c.metrics.recall), exact(c.metrics.f1),
          exact(c.resources.parameters), exact(c.resources.macs), exact(c.resources.ram_bytes),
          exact(c.resources.flash_bytes), exact(c.violation.ram), exact(c.violation.flash), exact(c.fitness),
          time(c.train_seconds), time(c.eval_seconds), time(c.elapsed_seconds),
          c.twin_of == 0 ? "" : exact(c.twin_of), outcome_name(c.outcome)};
}

Candidate parse_candidate(const CsvFields& fields, const std::string& where) {
  if (fields.size() < candidate_columns().size())
    throw expected(where, std::to_string(candidate_columns().size()) + " fields", std::to_string(fields.size()));
  std::size_t next = 0;
  const auto integer = [&] { return parse_number<std::int64_t>(fields[next++], where); };
  const auto number = [&] { return parse_number<double>(fields[next++], where); };
  Candidate c;
  c.id = integer();
  c.generation = integer();
  c.origin = fields[next++];
  c.parents = fields[next++];
  c.system = parse_fields(fields[next], fields[next + 1], where);
  next += 2;
  c.split = fields[next++];
  c.metrics.accuracy = number();
  c.metrics.precision = number();
  c.metrics.recall = number();
  c.metrics.f1 = number();
  c.resources.parameters = integer();
  c.resources.macs = integer();
  c.resources.ram_bytes = integer();
  c.resources.flash_bytes = integer();
  c.violation.ram = integer();
  c.violation.flash = integer();
  c.fitness = number();
  c.train_seconds = number();
  c.eval_seconds = number();
  c.elapsed_seconds = number();
  if (fields[next].empty()) ++next;
  else c.twin_of = integer();
  c.outcome = parse_outcome(fields[next], where);
  return c;
}

CsvFields candidate_row(const CsvTable& table, std::size_t row) {
  static const std::map<std::string, std::string> newer{{"twin_of", ""}, {"status", outcome_name(Outcome::evaluated)}};
  CsvFields fields;
  for (const std::string& column : candidate_columns()) {
    const auto meant = newer.find(column);
    const bool missing = meant != newer.end() && !table.find_column(column);
    fields.push_back(missing ? meant->second : table.text(row, table.column(column)));
  }
  return fields;
}

std::vector<std::size_t> front_within_limits(const std::vector<Candidate>& candidates) {
  std::vector<std::size_t> within;
  std::vector<Point> points;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].competes()) continue;
    within.push_back(i);
    points.push_back(candidates[i].point());
  }
  std::vector<std::size_t> front;
  for (const std::size_t i : pareto_front(points)) front.push_back(within[i]);
  return front;
}

}  // namespace danas
