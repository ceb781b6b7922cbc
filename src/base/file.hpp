// Files that are never half-written, and files mapped for reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace danas {

/// Replaces `path` by `content`: written aside in the same folder, flushed to the disk, renamed.
/// A reader sees the old file or the whole new one. Throws Error (Fault::failure) naming the path.
void write_file(const std::filesystem::path& path, std::string_view content);
void write_file(const std::filesystem::path& path, std::span<const std::byte> content);

/// Whole content. Throws Error naming the path when it cannot be read or has more than `most_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t most_bytes = SIZE_MAX);

/// Appends `text`; on a full disk a part of it may be there. Throws Error (Fault::failure).
void append_text(const std::filesystem::path& path, std::string_view text);
/// Returns when all that was written to the file is on the disk. Throws Error (Fault::failure).
void flush_file(const std::filesystem::path& path);

/// Deletes a file that may be absent. Throws Error (Fault::failure) naming it.
void remove_file(const std::filesystem::path& path);

/// Creates the folder and its parents. Throws Error (Fault::failure) naming the path.
void make_folder(const std::filesystem::path& path);
/// Throws the same where make_folder() could not create it or it could not be written to; creates nothing.
void check_creatable(const std::filesystem::path& path);

/// A file mapped read-only; movable, unmapped at the end of its life.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& path);  ///< throws Error naming the path
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace danas
