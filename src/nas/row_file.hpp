// A table of a run directory that grows by whole rows.
#pragma once

#include <filesystem>
#include <string>

#include "base/csv.hpp"

namespace danas {

class RowFile {
 public:
  explicit RowFile(std::filesystem::path path) : path_(std::move(path)) {}

  void append(const CsvFields& fields) { rows_ += csv_line(fields); }  ///< at the next flush()
  /// Returns when the rows are on the disk. Throws Error (Fault::failure); the file ends with a whole row then too, and the
  /// rows are written by the next call.
  void flush();

 private:
  std::filesystem::path path_;
  std::string rows_;  ///< that are not in the file yet
};

}  // namespace danas
