// CSV tables as RFC 4180 writes them, read with suspicion: every error names the file and the line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace danas::report {

/// What to do with a last record that has no newline: a run that was killed may leave half a line.
enum class Tail { keep, drop };

class CsvTable {
 public:
  /// `name` stands for the file in messages. The first record is the header. Throws Error for an unclosed or misplaced
  /// quote, a record with another number of fields than the header, a repeated column or an oversized field.
  CsvTable(std::string name, std::string_view content, Tail tail = Tail::keep);
  static CsvTable read(const std::filesystem::path& path, Tail tail = Tail::keep);

  std::size_t rows() const { return lines_.size(); }
  const std::vector<std::string>& columns() const { return columns_; }
  bool dropped_tail() const { return dropped_tail_; }

  std::optional<std::size_t> find_column(std::string_view name) const;
  std::size_t column(std::string_view name) const;                ///< throws Error where there is none

  const std::string& text(std::size_t row, std::size_t column) const { return cells_[row * columns_.size() + column]; }
  double number(std::size_t row, std::size_t column) const;       ///< finite, else Error
  double share(std::size_t row, std::size_t column) const;        ///< in [0, 1], else Error
  double measurement(std::size_t row, std::size_t column) const;  ///< as number(), but nan and inf are taken too
  long long count(std::size_t row, std::size_t column) const;     ///< an integer of at least 0, else Error

  /// `[file:line] expected WHAT in column NAME, got "…"`.
  Error unexpected(std::size_t row, std::size_t column, const std::string& what) const;

 private:
  void parse(std::string_view content);
  void add_record(std::vector<std::string>&& fields, std::size_t line);
  Error broken(std::size_t line, const std::string& what, const std::string& got) const;

  std::string name_;
  std::vector<std::string> columns_, cells_;
  std::vector<std::size_t> lines_;
  bool dropped_tail_ = false;
};

/// A field as it stands in a CSV file: quoted where it must be.
std::string csv_field(std::string_view text);

}  // namespace danas::report
