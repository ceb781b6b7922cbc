#include <boost/test/unit_test.hpp>

#include <cmath>

#include "base/csv.hpp"
#include "base/number.hpp"
#include "base/random.hpp"

using namespace danas;

namespace {

std::string message(const std::string& content) {
  try {
    CsvTable("t.csv", content);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

template <class Read>
std::string message_of(Read read) {
  try {
    read();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv)

BOOST_AUTO_TEST_CASE(reads_what_rfc_4180_allows) {
  const CsvTable table("t.csv", "\xEF\xBB\xBF"
                                "a,\"b \"\"x\"\"\",c\r\n1,\"two\nlines, and\",\r\n,,\"\"");
  BOOST_TEST(table.rows() == 2u);
  BOOST_TEST(table.column("b \"x\"") == 1u);
  BOOST_TEST(table.text(0, 1) == "two\nlines, and");
  BOOST_TEST(table.text(0, 2) == "");
  BOOST_TEST(table.text(1, 2) == "");
}

BOOST_AUTO_TEST_CASE(fields_survive_quoting) {
  Random random(7, "csv");
  const std::string letters = "ab,\"\n\r ;'é";
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<std::string> fields(1 + random.below(5));
    std::string content, header;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      for (std::uint64_t n = random.below(8); n > 0; --n) fields[i] += letters[random.below(letters.size())];
      header.append(i ? ",c" : "c").append(std::to_string(i));
      content.append(i ? "," : "").append(csv_field(fields[i]));
    }
    const CsvTable table("t.csv", header + '\n' + content + '\n');
    BOOST_REQUIRE(table.rows() == 1u);
    for (std::size_t i = 0; i < fields.size(); ++i) BOOST_TEST(table.text(0, i) == fields[i]);
  }
}

BOOST_AUTO_TEST_CASE(broken_tables_name_the_line) {
  BOOST_TEST(message("") == "[t.csv] expected a CSV file with a header line, got an empty file");
  BOOST_TEST(message("a,b\n1,2\n1\n") == "[t.csv:3] expected 2 columns, got 1");
  BOOST_TEST(message("a,b\n\"1\n\n\",2\n1,2,3\n") == "[t.csv:5] expected 2 columns, got 3");
  BOOST_TEST(message("a,b\n1,\"2\n") == "[t.csv:2] expected a closing quote, got the end of the file");
  BOOST_TEST(message("a,b\n1,2\"\n").find("[t.csv:2] expected a comma or the end of the line") == 0u);
  BOOST_TEST(message("a,b\n1,\"2\"x\n").find("[t.csv:2]") == 0u);
  BOOST_TEST(message("a,a\n").find("[t.csv:1] expected each column once") == 0u);
  BOOST_TEST(message("a\n" + std::string(70000, 'x') + '\n').find("[t.csv:2] expected fields of at most 64 KiB") == 0u);
  BOOST_TEST(message(std::string(2000, ',')).find("[t.csv:1] expected at most 1000 columns") == 0u);
}

BOOST_AUTO_TEST_CASE(numbers_are_checked) {
  const CsvTable table("t.csv", "v\n1e999\nnan\n-1\n1.5\n99999999999999999999\n 1\n\n0x10\n7\n");
  for (const std::size_t row : {0u, 1u, 5u, 6u, 7u}) BOOST_CHECK_THROW(table.number(row, 0), Error);
  for (const std::size_t row : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u}) BOOST_CHECK_THROW(table.count(row, 0), Error);
  for (const std::size_t row : {1u, 2u, 3u}) BOOST_CHECK_THROW(table.share(row, 0), Error);
  BOOST_TEST(std::isnan(table.measurement(1, 0)));
  BOOST_TEST(table.number(3, 0) == 1.5);
  BOOST_TEST(table.count(8, 0) == 7);
  BOOST_TEST(message_of([&] { table.number(7, 0); }) == "[t.csv:9] expected a number in column v, got \"0x10\"");
  BOOST_TEST(message_of([&] { table.column("w"); }) == "[t.csv:1] expected a column w, got none of that name");
}

BOOST_AUTO_TEST_CASE(lines_are_quoted_where_they_must_be) {
  BOOST_TEST(csv_line({"", "x,y", "say \"so\"", "plain"}) == ",\"x,y\",\"say \"\"so\"\"\",plain\n");
  BOOST_TEST(csv_line({""}) == "\n");
}

BOOST_AUTO_TEST_CASE(rows_know_their_line) {
  const CsvTable table("t.csv", "a,b\n\"1\n\",2\n3,4\n");
  BOOST_TEST(table.where(0) == "t.csv:2");
  BOOST_TEST(table.where(1) == "t.csv:4");
  BOOST_TEST((table.row(1) == CsvFields{"3", "4"}));
  table.require_columns({"a", "b"});
  BOOST_TEST(message_of([&] {
               table.require_columns({"a", "c"});
             }) == "[t.csv:1] expected the header a,c, got another one");
}

BOOST_AUTO_TEST_CASE(records_of_any_length_one_by_one) {
  CsvReader reader("t.csv", "a,b\n\n1,2,3\r\nlast");
  CsvFields fields;
  const std::vector<CsvFields> records{{"a", "b"}, {""}, {"1", "2", "3"}, {"last"}};
  for (std::size_t i = 0; i < records.size(); ++i) {
    BOOST_REQUIRE(reader.next(fields));
    BOOST_TEST((fields == records[i]));
    BOOST_TEST(reader.line() == i + 1);
  }
  BOOST_TEST(!reader.next(fields));
}

BOOST_AUTO_TEST_CASE(numbers_are_taken_whole) {
  BOOST_TEST(parse_number<std::int64_t>("-12", "here") == -12);
  BOOST_TEST(parse_number<double>("1e-3", "here") == 1e-3);
  for (const char* text : {"", "1x", " 1", "99999999999999999999", "1.5"})
    BOOST_TEST(message_of([&] { parse_number<std::int64_t>(text, "here"); }) ==
               "[here] expected a number, got \"" + std::string(text) + "\"");
}

BOOST_AUTO_TEST_CASE(half_a_last_line_can_be_dropped) {
  const CsvTable cut("t.csv", "a,b\n1,2\n3", CsvTail::drop);
  BOOST_TEST(cut.rows() == 1u);
  BOOST_TEST(cut.dropped_tail());
  const CsvTable whole("t.csv", "a,b\n1,2\n", CsvTail::drop);
  BOOST_TEST(whole.rows() == 1u);
  BOOST_TEST(!whole.dropped_tail());
}

BOOST_AUTO_TEST_SUITE_END()
