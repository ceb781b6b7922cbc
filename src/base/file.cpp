#include "base/file.hpp"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace danas {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& action, Fault fault = Fault::failure) {
  throw Error(path.string(), action + ": " + std::strerror(errno), fault);
}

const char* kind_of(mode_t mode) {
  return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/// Bytes of a file open for reading. A pipe could be waited for without end: it is opened without blocking, and refused.
std::size_t regular_size(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) fail(path, "cannot read", Fault::input);
  if (!S_ISREG(status.st_mode)) throw expected(path.string(), "a regular file", kind_of(status.st_mode));
  return static_cast<std::size_t>(status.st_size);
}

void write_all(int descriptor, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot write");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

void flush(int descriptor, const std::filesystem::path& path) {
  if (::fsync(descriptor) != 0 && errno != EINVAL) fail(path, "cannot flush to disk");
}

}  // namespace

void write_file(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path aside = path.string() + ".part-" + std::to_string(::getpid());
  try {
    const Descriptor file(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    if (file.get() < 0) fail(path, "cannot write");
    write_all(file.get(), content, path);
    flush(file.get(), path);
  } catch (...) {
    ::unlink(aside.c_str());
    throw;
  }
  if (::rename(aside.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(aside.c_str());
    errno = reason;
    fail(path, "cannot rename the finished file");
  }
}

void write_file(const std::filesystem::path& path, std::span<const std::byte> content) {
  write_file(path, std::string_view(reinterpret_cast<const char*>(content.data()), content.size()));
}

std::string read_file(const std::filesystem::path& path, std::size_t most_bytes) {
  const Descriptor file(path.c_str(), O_RDONLY | O_NONBLOCK);
  const std::size_t size = regular_size(file, path);
  if (size > most_bytes)
    throw expected(path.string(), "at most " + std::to_string(most_bytes) + " bytes", std::to_string(size));
  std::string content;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "cannot read", Fault::input);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
  }
}

void append_text(const std::filesystem::path& path, std::string_view text) {
  const Descriptor file(path.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  if (file.get() < 0) fail(path, "cannot append");
  write_all(file.get(), text, path);
}

void flush_file(const std::filesystem::path& path) {
  const Descriptor file(path.c_str(), O_WRONLY);
  if (file.get() < 0) fail(path, "cannot flush to disk");
  flush(file.get(), path);
}

void remove_file(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::remove(path, code);
  if (code) throw Error(path.string(), "cannot delete: " + code.message(), Fault::failure);
}

void make_folder(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) throw Error(path.string(), "cannot create the folder: " + code.message(), Fault::failure);
}

void check_creatable(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path existing = std::filesystem::absolute(path);
  while (!std::filesystem::exists(existing, ignored) && existing.has_relative_path()) existing = existing.parent_path();
  errno = ENOTDIR;
  if (!std::filesystem::is_directory(existing, ignored) || ::access(existing.c_str(), W_OK | X_OK) != 0)
    fail(path, "cannot create the folder in " + existing.string());
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  const Descriptor file(path.c_str(), O_RDONLY | O_NONBLOCK);
  size_ = regular_size(file, path);
  if (size_ == 0) return;
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) fail(path, "cannot map", Fault::input);
  data_ = static_cast<const std::byte*>(memory);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace danas
