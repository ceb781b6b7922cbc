#include "nas/row_file.hpp"

#include "base/file.hpp"

namespace danas {

void RowFile::flush() {
  if (rows_.empty()) return;
  const auto size = std::filesystem::file_size(path_);
  try {
    append_text(path_, rows_);
    flush_file(path_);
  } catch (const Error&) {  // what the disk had no room for is taken back
    std::error_code ignored;
    std::filesystem::resize_file(path_, size, ignored);
    throw;
  }
  rows_.clear();
}

}  // namespace danas
