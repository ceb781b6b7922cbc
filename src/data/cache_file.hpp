// The file of an image cache: a header, the images' bytes, then an index and the list of unreadable files.
// Little-endian; written aside, flushed and renamed; opened by mapping, after every number in it has been checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "data/dataset.hpp"

namespace danas {

enum class CacheMode : std::uint32_t { raw, jpeg, none };
const char* cache_mode_name(CacheMode mode);

/// What a cache must match to be used.
struct CacheKey {
  std::uint64_t fingerprint = 0;
  std::int32_t side = 0;
  CacheMode mode = CacheMode::raw;
};

/// One readable image: `sample` is its place in the dataset's split.
struct CacheEntry {
  std::uint64_t offset = 0, bytes = 0;
  std::int32_t width = 0, height = 0, channels = 0, label = 0;
  std::uint32_t split = 0, sample = 0;
};
static_assert(sizeof(CacheEntry) == 40);

/// An unreadable image.
struct CacheProblem { std::uint32_t split = 0, sample = 0; std::string reason; };

/// Writes a cache beside `path` and puts it in its place by finish(); without that nothing remains.
class CacheWriter {
 public:
  CacheWriter(const std::filesystem::path& path, const CacheKey& key);
  ~CacheWriter();
  CacheWriter(const CacheWriter&) = delete;
  CacheWriter& operator=(const CacheWriter&) = delete;

  /// Appends an image; entry.offset and entry.bytes are set here. Throws Error (Fault::failure).
  void add(CacheEntry entry, std::span<const std::uint8_t> content);
  void add_problem(std::uint32_t split, std::uint32_t sample, const std::string& reason);
  void finish();

 private:
  void write(const void* data, std::size_t bytes);
  void flush_buffer();
  [[noreturn]] void fail(const char* action) const;

  std::filesystem::path path_, aside_;
  CacheKey key_;
  int file_ = -1;
  std::string buffer_;
  std::uint64_t position_ = 0;
  std::vector<CacheEntry> entries_;
  std::vector<CacheProblem> problems_;
};

class CacheFile {
 public:
  /// Whether `path` is a whole cache of this key, with indices below `samples` of each split; then it is opened.
  bool open(const std::filesystem::path& path, const CacheKey& key, const std::uint64_t (&samples)[3]);

  std::span<const CacheEntry> entries() const { return entries_; }
  const std::vector<CacheProblem>& problems() const { return problems_; }
  const std::uint8_t* content(const CacheEntry& entry) const;
  std::uint64_t bytes() const { return file_.bytes().size(); }

 private:
  bool read(const CacheKey& key, const std::uint64_t (&samples)[3]);

  MappedFile file_;
  std::vector<CacheEntry> entries_;
  std::vector<CacheProblem> problems_;
};

/// Held while a cache is built, by one process or thread at a time; given back when the process ends, whatever happens.
class BuildLock {
 public:
  /// Waits for the others; calls `waiting`, which may throw, now and then meanwhile. Throws Error (Fault::failure).
  BuildLock(const std::filesystem::path& path, const std::function<void()>& waiting);
  ~BuildLock();
  BuildLock(const BuildLock&) = delete;
  BuildLock& operator=(const BuildLock&) = delete;

  bool held() const { return held_; }  ///< false on file systems without locks

 private:
  explicit BuildLock(const std::filesystem::path& path);  // not yet held

  int file_ = -1;
  bool held_ = false;
};

/// Removes what killed builds of `path` left behind; only under the lock.
void remove_leftovers(const std::filesystem::path& path);

}  // namespace danas
