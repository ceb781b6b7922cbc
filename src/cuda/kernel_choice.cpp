#include "cuda/kernel_choice.hpp"

#include <fmt/core.h>

#include "base/csv.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

namespace danas {

namespace {

const CsvFields columns{"convolution", "kernels", "own_microseconds", "cudnn_microseconds"};

}  // namespace

void KernelChoices::keep_in(const std::filesystem::path& file, bool resumed) {
  const std::lock_guard lock(mutex_);
  if (!resumed) {
    write_file(file, csv_line(columns));
  } else {
    if (!std::filesystem::exists(file))
      throw expected(file.string(), "the kernels that this run chose when it began",
                     "none; others would give other sums");
    const CsvTable table = CsvTable::read(file, CsvTail::drop);
    table.require_columns(columns);
    for (std::size_t row = 0; row < table.rows(); ++row) {
      const auto kernels = find_named<Kernels>(table.text(row, 1));
      if (!kernels || *kernels == Kernels::best) throw table.unexpected(row, 1, "own or cudnn");
      if (choices_.try_emplace(table.text(row, 0), *kernels).first->second != *kernels)
        throw table.unexpected(row, 1, "one choice of kernels for a convolution");
    }
    if (table.dropped_tail()) {
      std::string whole = csv_line(columns);
      for (std::size_t row = 0; row < table.rows(); ++row) whole += csv_line(table.row(row));
      write_file(file, whole);
    }
  }
  file_ = file;
}

std::optional<Kernels> KernelChoices::find(const std::string& convolution) const {
  const std::lock_guard lock(mutex_);
  const auto found = choices_.find(convolution);
  return found == choices_.end() ? std::nullopt : std::optional(found->second);
}

Kernels KernelChoices::put(const std::string& convolution, double own, double cudnn) {
  const std::lock_guard lock(mutex_);
  const Kernels faster = cudnn < own ? Kernels::cudnn : Kernels::own;
  const auto [choice, first] = choices_.try_emplace(convolution, faster);
  if (first && !file_.empty()) {
    append_text(file_, csv_line({convolution, name_of(faster), fmt::format("{:.2f}", 1e6 * own),
                                 fmt::format("{:.2f}", 1e6 * cudnn)}));
    flush_file(file_);
  }
  return choice->second;
}

}  // namespace danas
