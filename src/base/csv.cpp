#include "base/csv.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/file.hpp"
#include "base/number.hpp"

namespace danas {

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

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_line(const CsvFields& fields) {
  std::string line;
  for (const std::string& field : fields) line.append(csv_field(field)).append(1, ',');
  if (line.empty()) return "\n";
  line.back() = '\n';
  return line;
}

CsvReader::CsvReader(std::string name, std::string_view content, CsvTail tail)
    : name_(std::move(name)), content_(content) {
  if (tail == CsvTail::drop && !content_.empty() && content_.back() != '\n') {
    const std::size_t end = content_.rfind('\n');
    content_ = content_.substr(0, end == content_.npos ? 0 : end + 1);
    dropped_tail_ = true;
  }
  if (content_.starts_with("\xEF\xBB\xBF")) content_.remove_prefix(3);
}

bool CsvReader::next(CsvFields& fields) {
  line_ = next_line_;
  if (position_ >= content_.size()) return false;
  fields.clear();
  do {
    if (fields.size() == most_columns) throw broken("at most 1000 columns", "more");
    std::string& field = fields.emplace_back();
    if (position_ < content_.size() && content_[position_] == '"') take_quoted(field);
    else take_plain(field);
  } while (take_comma());
  return true;
}

void CsvReader::take_quoted(std::string& field) {
  for (++position_;; ++position_) {
    if (position_ >= content_.size()) throw broken("a closing quote", "the end of the file");
    if (content_[position_] == '"') {
      if (position_ + 1 >= content_.size() || content_[position_ + 1] != '"') break;
      ++position_;
    }
    if (content_[position_] == '\n') ++next_line_;
    if (field.size() == largest_field) throw broken("fields of at most 64 KiB", "a longer one");
    field += content_[position_];
  }
  ++position_;
}

void CsvReader::take_plain(std::string& field) {
  const std::size_t end = std::min(content_.find_first_of(",\r\n\"", position_), content_.size());
  if (end - position_ > largest_field) throw broken("fields of at most 64 KiB", "a longer one");
  field = content_.substr(position_, end - position_);
  position_ = end;
}

bool CsvReader::take_comma() {
  if (position_ < content_.size() && content_[position_] == ',') {
    ++position_;
    return true;
  }
  if (content_.substr(position_, 2) == "\r\n") ++position_;
  if (position_ < content_.size() && content_[position_] != '\n') {
    line_ = next_line_;
    throw broken("a comma or the end of the line", excerpt(content_.substr(position_, 1)));
  }
  ++position_;
  ++next_line_;
  return false;
}

Error CsvReader::broken(const std::string& what, const std::string& got) const {
  return expected(name_ + ":" + std::to_string(line_), what, got);
}

CsvTable::CsvTable(std::string name, std::string_view content, CsvTail tail) : name_(std::move(name)) {
  CsvReader reader(name_, content, tail);
  dropped_tail_ = reader.dropped_tail();
  if (!reader.next(columns_)) throw expected(name_, "a CSV file with a header line", "an empty file");
  CsvFields sorted = columns_;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) throw broken_header("each column once", "two columns " + excerpt(*twice));
  for (CsvFields fields; reader.next(fields);) {
    if (fields.size() != columns_.size())
      throw reader.broken(std::to_string(columns_.size()) + " columns", std::to_string(fields.size()));
    std::move(fields.begin(), fields.end(), std::back_inserter(cells_));
    lines_.push_back(reader.line());
  }
}

CsvTable CsvTable::read(const std::filesystem::path& path, CsvTail tail) {
  std::error_code code;
  const std::uintmax_t size = std::filesystem::file_size(path, code);
  if (!code && size > largest_file)
    throw expected(path.string(), "at most 512 MiB", std::to_string(size >> 20) + " MiB");
  return CsvTable(path.string(), read_file(path), tail);
}

std::string CsvTable::where(std::size_t row) const { return name_ + ":" + std::to_string(lines_[row]); }

Error CsvTable::broken_header(const std::string& what, const std::string& got) const {
  return expected(name_ + ":1", what, got);
}

Error CsvTable::unexpected(std::size_t row, std::size_t column, const std::string& what) const {
  return expected(where(row), what + " in column " + columns_[column], excerpt(text(row, column)));
}

std::optional<std::size_t> CsvTable::find_column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

std::size_t CsvTable::column(std::string_view name) const {
  if (const auto found = find_column(name)) return *found;
  throw broken_header("a column " + std::string(name), "none of that name");
}

void CsvTable::require_columns(const CsvFields& columns) const {
  if (columns_ == columns) return;
  const std::string header = csv_line(columns);
  throw broken_header("the header " + header.substr(0, header.size() - 1), "another one");
}

CsvFields CsvTable::row(std::size_t row) const {
  const auto begin = cells_.begin() + static_cast<std::ptrdiff_t>(row * columns_.size());
  return CsvFields(begin, begin + static_cast<std::ptrdiff_t>(columns_.size()));
}

double CsvTable::measurement(std::size_t row, std::size_t column) const {
  const auto value = find_number<double>(text(row, column));
  if (!value) throw unexpected(row, column, "a number");
  return *value;
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
  const auto value = find_number<long long>(text(row, column));
  if (!value || *value < 0) throw unexpected(row, column, "an integer of at least 0");
  return *value;
}

}  // namespace danas
