#include "report/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

#include "base/file.hpp"

namespace danas::report {

namespace {

constexpr std::uintmax_t largest_file = std::uintmax_t{1} << 29;
constexpr std::size_t largest_field = std::size_t{1} << 16;
constexpr std::size_t most_columns = 1000;

std::string excerpt(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string shown(text.substr(0, most));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 32) c = ' ';
  return '"' + shown + (text.size() > most ? "…\"" : "\"");
}

template <class Number>
bool parse_all(std::string_view text, Number& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

}  // namespace

CsvTable::CsvTable(std::string name, std::string_view content, Tail tail) : name_(std::move(name)) {
  if (tail == Tail::drop && !content.empty() && content.back() != '\n') {
    const std::size_t end = content.rfind('\n');
    content = content.substr(0, end == content.npos ? 0 : end + 1);
    dropped_tail_ = true;
  }
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  parse(content);
  if (columns_.empty()) throw expected(name_, "a CSV file with a header line", "an empty file");
}

CsvTable CsvTable::read(const std::filesystem::path& path, Tail tail) {
  std::error_code code;
  const std::uintmax_t size = std::filesystem::file_size(path, code);
  if (!code && size > largest_file)
    throw expected(path.string(), "at most 512 MiB", std::to_string(size >> 20) + " MiB");
  return CsvTable(path.string(), read_file(path), tail);
}

void CsvTable::parse(std::string_view content) {
  std::size_t position = 0, line = 1;
  while (position < content.size()) {
    const std::size_t first_line = line;
    std::vector<std::string> fields;
    for (bool record_ends = false; !record_ends;) {
      std::string& field = fields.emplace_back();
      if (position < content.size() && content[position] == '"') {
        for (++position;; ++position) {
          if (position >= content.size()) throw broken(first_line, "a closing quote", "the end of the file");
          if (content[position] == '"') {
            if (position + 1 >= content.size() || content[position + 1] != '"') break;
            ++position;
          }
          if (content[position] == '\n') ++line;
          field += content[position];
        }
        ++position;
      } else {
        const std::size_t end = std::min(content.find_first_of(",\r\n\"", position), content.size());
        field = content.substr(position, end - position);
        position = end;
      }
      if (field.size() > largest_field)
        throw broken(first_line, "fields of at most 64 KiB", std::to_string(field.size()) + " bytes");
      if (fields.size() > most_columns) throw broken(first_line, "at most 1000 columns", "more");
      if (position < content.size() && content[position] == ',') {
        ++position;
        continue;
      }
      if (content.substr(position, 2) == "\r\n") ++position;
      if (position < content.size() && content[position] != '\n')
        throw broken(line, "a comma or the end of the line", excerpt(content.substr(position, 1)));
      ++position;
      ++line;
      record_ends = true;
    }
    add_record(std::move(fields), first_line);
  }
}

void CsvTable::add_record(std::vector<std::string>&& fields, std::size_t line) {
  if (columns_.empty()) {
    columns_ = std::move(fields);
    std::vector<std::string> sorted = columns_;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) throw broken(line, "each column once", "two columns " + excerpt(*twice));
    return;
  }
  if (fields.size() != columns_.size())
    throw broken(line, std::to_string(columns_.size()) + " columns", std::to_string(fields.size()));
  std::move(fields.begin(), fields.end(), std::back_inserter(cells_));
  lines_.push_back(line);
}

Error CsvTable::broken(std::size_t line, const std::string& what, const std::string& got) const {
  return expected(name_ + ":" + std::to_string(line), what, got);
}

Error CsvTable::unexpected(std::size_t row, std::size_t column, const std::string& what) const {
  return broken(lines_[row], what + " in column " + columns_[column], excerpt(text(row, column)));
}

std::optional<std::size_t> CsvTable::find_column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

std::size_t CsvTable::column(std::string_view name) const {
  if (const auto found = find_column(name)) return *found;
  throw broken(1, "a column " + std::string(name), "none of that name");
}

double CsvTable::measurement(std::size_t row, std::size_t column) const {
  double value = 0;
  if (!parse_all(text(row, column), value)) throw unexpected(row, column, "a number");
  return value;
}

double CsvTable::number(std::size_t row, std::size_t column) const {
  const double value = measurement(row, column);
  if (!std::isfinite(value)) throw unexpected(row, column, "a finite number");
  return value;
}

double CsvTable::share(std::size_t row, std::size_t column) const {
  const double value = number(row, column);
  if (value < 0 || value > 1) throw unexpected(row, column, "a number from 0 to 1");
  return value;
}

long long CsvTable::count(std::size_t row, std::size_t column) const {
  long long value = 0;
  if (!parse_all(text(row, column), value) || value < 0) throw unexpected(row, column, "an integer of at least 0");
  return value;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace danas::report
