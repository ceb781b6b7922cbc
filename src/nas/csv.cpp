#include "nas/csv.hpp"

#include <charconv>
#include <string_view>

#include "base/error.hpp"
#include "base/file.hpp"

namespace danas {

namespace {

CsvFields split_line(std::string_view line, const std::string& where) {
  CsvFields fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') fields.back() += line[i++];
    else if (line[i] == '"') quoted = !quoted;
    else if (line[i] == ',' && !quoted) fields.emplace_back();
    else fields.back() += line[i];
  }
  if (quoted) throw expected(where, "a closing quotation mark", "the end of the line");
  return fields;
}

template <class Number>
Number parse(const std::string& field, const std::string& where) {
  Number number{};
  const auto [end, code] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (code != std::errc() || end != field.data() + field.size()) throw expected(where, "a number", "\"" + field + "\"");
  return number;
}

}  // namespace

std::string csv_line(const CsvFields& fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) line += ',';
    if (field.find_first_of(",\"\n\r") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char letter : field) line += letter == '"' ? std::string("\"\"") : std::string(1, letter);
    line += '"';
  }
  return line + "\n";
}

CsvFile read_csv(const std::filesystem::path& path, const CsvFields& header) {
  const std::string content = read_file(path);
  CsvFile file;
  std::size_t begin = 0;
  for (std::size_t number = 1; begin < content.size(); ++number) {
    const std::size_t end = content.find('\n', begin);
    if (end == std::string::npos) {
      file.torn = true;
      break;
    }
    const std::string where = path.string() + ":" + std::to_string(number);
    CsvFields fields = split_line(std::string_view(content).substr(begin, end - begin), where);
    begin = end + 1;
    if (number == 1 && fields != header)
      throw expected(where, "the header " + csv_line(header).substr(0, csv_line(header).size() - 1), "another one");
    if (fields.size() != header.size())
      throw expected(where, std::to_string(header.size()) + " fields", std::to_string(fields.size()));
    if (number > 1) file.rows.push_back(std::move(fields));
  }
  if (begin == 0) throw expected(path.string(), "a header line", "an empty file");
  return file;
}

std::int64_t csv_integer(const std::string& field, const std::string& where) {
  return parse<std::int64_t>(field, where);
}

double csv_number(const std::string& field, const std::string& where) { return parse<double>(field, where); }

}  // namespace danas
