// Comma-separated files of a run directory: written whole or line by line, read back for a resume.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace danas {

using CsvFields = std::vector<std::string>;

/// One line with its newline; fields are quoted where needed.
std::string csv_line(const CsvFields& fields);

struct CsvFile {
  std::vector<CsvFields> rows;   ///< without the header
  bool torn = false;             ///< a last line without its end was left out
};
/// Checks the header and the number of fields of every row. Throws Error naming file and line.
CsvFile read_csv(const std::filesystem::path& path, const CsvFields& header);

/// A field's number; throws Error(where, …).
std::int64_t csv_integer(const std::string& field, const std::string& where);
double csv_number(const std::string& field, const std::string& where);

}  // namespace danas
