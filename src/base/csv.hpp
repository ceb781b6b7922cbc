// Comma-separated files as RFC 4180 writes them, read with suspicion: every error names the file and the line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace danas {

using CsvFields = std::vector<std::string>;

/// A field as it stands in a file: quoted where it must be.
std::string csv_field(std::string_view text);
/// A record with its newline.
std::string csv_line(const CsvFields& fields);

/// What to do with a last record that has no newline: a process that was killed may leave half a line.
enum class CsvTail { keep, drop };

/// Records one by one, for files too large for a CsvTable. `content` must outlive the reader.
class CsvReader {
 public:
  /// `name` stands for the file in messages.
  CsvReader(std::string name, std::string_view content, CsvTail tail = CsvTail::keep);

  /// The next record; false at the end. Throws Error for an unclosed or misplaced quote, fields beyond 64 KiB or more
  /// than 1000 of them.
  bool next(CsvFields& fields);
  std::size_t line() const { return line_; }  ///< where that record begins, from 1
  bool dropped_tail() const { return dropped_tail_; }

  /// `[file:line] expected WHAT, got GOT`, of that record.
  Error broken(const std::string& what, const std::string& got) const;

 private:
  void take_quoted(std::string& field);
  void take_plain(std::string& field);
  bool take_comma();  ///< else takes the end of the line

  std::string name_;
  std::string_view content_;
  std::size_t position_ = 0, line_ = 1, next_line_ = 1;
  bool dropped_tail_ = false;
};

/// A whole file of records of the same length; the first is the header.
class CsvTable {
 public:
  /// Throws Error as CsvReader does, and for a record with another number of fields than the header or a repeated
  /// column.
  CsvTable(std::string name, std::string_view content, CsvTail tail = CsvTail::keep);
  /// Of at most 512 MiB.
  static CsvTable read(const std::filesystem::path& path, CsvTail tail = CsvTail::keep);

  std::size_t rows() const { return lines_.size(); }
  const CsvFields& columns() const { return columns_; }
  bool dropped_tail() const { return dropped_tail_; }

  std::optional<std::size_t> find_column(std::string_view name) const;
  std::size_t column(std::string_view name) const;       ///< throws Error where there is none
  void require_columns(const CsvFields& columns) const;  ///< throws Error unless they are exactly these

  CsvFields row(std::size_t row) const;
  std::string where(std::size_t row) const;  ///< "file:line"
  const std::string& text(std::size_t row, std::size_t column) const { return cells_[row * columns_.size() + column]; }
  double number(std::size_t row, std::size_t column) const;       ///< finite, else Error
  double share(std::size_t row, std::size_t column) const;        ///< in [0, 1], else Error
  double measurement(std::size_t row, std::size_t column) const;  ///< as number(), but nan and inf are taken too
  long long count(std::size_t row, std::size_t column) const;     ///< an integer of at least 0, else Error

  /// `[file:line] expected WHAT in column NAME, got "…"`.
  Error unexpected(std::size_t row, std::size_t column, const std::string& what) const;
  /// `[file:1] expected WHAT, got GOT`, of the header.
  Error broken_header(const std::string& what, const std::string& got) const;

 private:
  std::string name_;
  CsvFields columns_, cells_;
  std::vector<std::size_t> lines_;
  bool dropped_tail_ = false;
};

}  // namespace danas
