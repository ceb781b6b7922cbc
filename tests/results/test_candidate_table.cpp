#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "base/error.hpp"
#include "results/candidate_table.hpp"
#include "some_candidate.hpp"

using namespace danas;
using namespace danas::test;

namespace {

const std::string first_columns =
    "id,generation,origin,parents,data,architecture,split,accuracy,precision,recall,f1,parameters,macs,ram_bytes,"
    "flash_bytes,ram_violation,flash_violation,fitness,train_seconds,eval_seconds,elapsed_seconds";

constexpr std::size_t first_count = 21;

std::vector<Candidate> read(const std::string& content) { return read_candidates(CsvTable("a.csv", content)); }

Candidate read_back(const Candidate& candidate) {
  return read(csv_line(candidate_columns()) + csv_line(candidate_fields(candidate))).at(0);
}

std::string complaint(const std::string& content) {
  try {
    read(content);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// What is said where the field of a column is another one.
std::string complaint(const std::string& column, const std::string& field) {
  const CsvFields columns = candidate_columns();
  CsvFields fields = candidate_fields(some_candidate(1));
  fields.at(static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin())) = field;
  return complaint(csv_line(columns) + csv_line(fields));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(candidate_table)

// Scripts and older runs rely on it; what is new comes behind.
BOOST_AUTO_TEST_CASE(columns_stand_where_they_stood) {
  const std::string columns = csv_line(candidate_columns()), front = csv_line(front_columns());
  BOOST_TEST(columns.starts_with(first_columns + ",twin_of,status"));
  BOOST_TEST(front.starts_with(columns.substr(0, columns.size() - 1)));
  BOOST_TEST(front.substr(columns.size() - 1) == ",test_accuracy,test_precision,test_recall,test_f1\n");
  Candidate c = some_candidate(7);
  c.measures.set(Measure::macs, 1e15);
  BOOST_TEST(
      csv_line(candidate_fields(c))
          .starts_with(
              "7,3,crossover,1+2,96-monochrome,2-3-1-0-0 0.3,validation,0.3333333333333333,0.1,0.7071067811865476,"
              "0.2857142857142857,1,1000000000000000,1000004,5,6,7,-2.718281828459045,0.000,0.000,12.346,,evaluated"));
}

BOOST_AUTO_TEST_CASE(candidates_read_back_exactly) {
  Candidate c = some_candidate(7);
  c.outcome = Outcome::diverged;
  c.twin_of = 5;
  const Candidate back = read_back(c);
  BOOST_TEST(back.id == 7);
  BOOST_TEST(back.generation == 3);
  BOOST_TEST(back.origin == "crossover");
  BOOST_TEST(back.parents == "1+2");
  BOOST_TEST(back.data == "96-monochrome");
  BOOST_TEST(back.architecture == "2-3-1-0-0 0.3");
  BOOST_TEST(back.system_text() == "96,monochrome,2-3-1-0-0,0.3");
  BOOST_TEST(back.split == "validation");
  BOOST_TEST((back.measures == c.measures));
  BOOST_TEST((back.violation == c.violation));
  BOOST_TEST(back.fitness == c.fitness);
  BOOST_TEST(back.elapsed_seconds == 12.346);
  BOOST_TEST((back.outcome == Outcome::diverged));
  BOOST_TEST(back.twin_of == 5);
  BOOST_TEST(candidate_fields(back) == candidate_fields(c), boost::test_tools::per_element());
  for (const Outcome outcome : {Outcome::evaluated, Outcome::twin, Outcome::fallback}) {
    c.outcome = outcome;
    BOOST_TEST((read_back(c).outcome == outcome));
  }
}

// As versions before twin_of and status wrote them, in another order, with a column that nobody knows.
BOOST_AUTO_TEST_CASE(older_and_newer_tables) {
  const auto other = [](CsvFields fields, const std::string& more) {
    fields.resize(first_count);
    std::rotate(fields.begin(), fields.begin() + 1, fields.end());
    fields.push_back(more);
    return csv_line(fields);
  };
  const std::string table = other(candidate_columns(), "latency_ms") + other(candidate_fields(some_candidate(4)), "3");
  const std::vector<Candidate> candidates = read(table);
  BOOST_REQUIRE(candidates.size() == 1u);
  BOOST_TEST(candidate_fields(candidates[0]) == candidate_fields(some_candidate(4)), boost::test_tools::per_element());
  BOOST_CHECK_EXCEPTION(refuse_unknown_columns(CsvTable("a.csv", table)), Error, [](const Error& error) {
    return contains(error.what(), "[a.csv:1] expected columns that this version knows, got \"latency_ms\"");
  });
  refuse_unknown_columns(CsvTable("a.csv", first_columns + "\n"));
  for (std::size_t i = 0; i < first_count; ++i) {
    CsvFields columns = candidate_columns();
    const std::string column = columns[i];
    std::erase(columns, column);
    BOOST_TEST(contains(complaint(csv_line(columns)), "[a.csv:1] expected a column " + column));
  }
}

BOOST_AUTO_TEST_CASE(broken_fields_name_line_and_column) {
  for (const auto& [column, field] : {std::pair{"id", "0"},
                                      {"id", "-1"},
                                      {"id", "../x"},
                                      {"generation", ""},
                                      {"accuracy", "1.5"},
                                      {"accuracy", "nan"},
                                      {"f1", "-0.1"},
                                      {"macs", "1e3"},
                                      {"macs", "9007199254740993"},
                                      {"ram_bytes", "9223372036854775807"},
                                      {"flash_bytes", "-1"},
                                      {"ram_violation", "x"},
                                      {"flash_violation", "1.5"},
                                      {"fitness", "inf"},
                                      {"train_seconds", ""},
                                      {"twin_of", "x"},
                                      {"status", "lost"},
                                      {"status", ""}})
    BOOST_TEST(contains(complaint(column, field), std::string(" in column ") + column + ", got \"" + field + "\""),
               complaint(column, field));
  BOOST_TEST(
      contains(complaint("status", "lost"), "[a.csv:2] expected one of \"evaluated\", \"twin\", \"diverged\", "));
  const std::string line = csv_line(candidate_fields(some_candidate(1)));
  BOOST_TEST(contains(complaint(csv_line(candidate_columns()) + line + line),
                      "[a.csv:3] expected a system not listed before"));
}

BOOST_AUTO_TEST_CASE(rows_of_the_front_with_and_without_tests) {
  FrontRow tested{
      some_candidate(1),
      Measures{{Measure::accuracy, 0.25}, {Measure::precision, 1}, {Measure::recall, 0}, {Measure::f1, 1.0 / 7}}};
  const FrontRow untested{some_candidate(2), std::nullopt};
  const std::string rows = csv_line(front_fields(tested)) + csv_line(front_fields(untested));
  const auto back = read_front(CsvTable("front.csv", csv_line(front_columns()) + rows));
  BOOST_REQUIRE(back.size() == 2u);
  BOOST_TEST((back[0].test.value() == tested.test.value()));
  BOOST_TEST(back[0].id == 1);
  BOOST_TEST(!back[1].test.has_value());
  const std::string untested_table = csv_line(candidate_columns()) + csv_line(candidate_fields(untested));
  BOOST_TEST(!read_front(CsvTable("front.csv", untested_table)).at(0).test.has_value());
  std::string broken = rows;
  broken.replace(broken.find(",0.25,"), 6, ",2.5,");
  BOOST_CHECK_THROW(read_front(CsvTable("front.csv", csv_line(front_columns()) + broken)), Error);
}

BOOST_AUTO_TEST_SUITE_END()
