// The file of an image cache: a header, the images' bytes, then an index. Little-endian; written aside, flushed and
// renamed; opened by mapping, after every number in it has been checked. An interrupted writing goes on where it stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "data/cache_mode.hpp"

namespace danas {

/// What a cache must match to be used.
struct CacheKey {
  std::uint64_t identity = 0;  ///< hash of the images, their order and their preparation
  CacheMode mode = CacheMode::raw;
  std::uint64_t images = 0;  ///< entries, one an image
  std::string source;        ///< of the images, for people; at most 64 KiB
};

/// One image. A width of 0: it cannot be read, and the reason stands in its place.
struct CacheEntry {
  std::uint64_t offset = 0, checksum = 0;
  std::uint32_t bytes = 0;
  std::int32_t width = 0, height = 0;
  std::uint16_t channels = 0, remarked = 0;  ///< remarked: read whole, with a warning

  bool readable() const { return width > 0; }
};
static_assert(sizeof(CacheEntry) == 32);

/// Writes a cache beside `path` and puts it in its place by finish(). What an earlier writer left unfinished is taken up.
class CacheWriter {
 public:
  /// `exclusive`: nobody else writes this cache (BuildLock); else what is written cannot be taken up.
  CacheWriter(const std::filesystem::path& path, const CacheKey& key, bool exclusive);
  ~CacheWriter();  ///< without finish(), what checkpoint() has seen stays for the next writer
  CacheWriter(const CacheWriter&) = delete;
  CacheWriter& operator=(const CacheWriter&) = delete;

  std::uint64_t count() const { return entries_.size(); }  ///< entries so far, those taken up included
  /// Appends an image; offset, bytes and checksum are set here. Throws Error (Fault::failure).
  void add(CacheEntry entry, std::span<const std::uint8_t> content);
  void add_unreadable(const std::string& reason);
  void checkpoint();  ///< what was added so far survives a kill
  void finish();
  void abandon();  ///< nothing remains

 private:
  void take_up();
  void write(const void* data, std::size_t bytes);
  void flush_buffer();
  void close_files();
  [[noreturn]] void fail(const char* action) const;

  std::filesystem::path path_, aside_, journal_path_;
  CacheKey key_;
  bool exclusive_;
  int file_ = -1, journal_ = -1;
  std::string buffer_;
  std::uint64_t position_ = 0;
  std::vector<CacheEntry> entries_;
  std::size_t recorded_ = 0;  // entries in the journal
};

class CacheFile {
 public:
  /// Whether `path` is a whole cache of this key; then it is opened.
  bool open(const std::filesystem::path& path, const CacheKey& key);

  std::span<const CacheEntry> entries() const { return entries_; }
  /// Throws Error (Fault::failure) where the bytes are not those that were written.
  std::span<const std::uint8_t> content(const CacheEntry& entry) const;
  std::string reason(const CacheEntry& entry) const;  ///< why it cannot be read
  std::uint64_t bytes() const { return file_.bytes().size(); }

 private:
  bool read(const CacheKey& key);

  std::filesystem::path path_;
  MappedFile file_;
  std::span<const CacheEntry> entries_;
};

/// What a whole cache file says of itself; an empty text where the file is none of this version.
std::string cache_source(const std::filesystem::path& path);

/// Held while a cache is built, by one process or thread at a time; given back when the process ends, whatever happens.
class BuildLock {
 public:
  /// Waits for the others; calls `waiting`, which may throw, now and then meanwhile. Throws Error (Fault::failure).
  BuildLock(const std::filesystem::path& path, const std::function<void()>& waiting);
  ~BuildLock();
  BuildLock(const BuildLock&) = delete;
  BuildLock& operator=(const BuildLock&) = delete;

  bool held() const { return held_; }  ///< false on file systems without locks
  /// Whether some process builds the cache of that lock file now.
  static bool busy(const std::filesystem::path& path);

 private:
  explicit BuildLock(const std::filesystem::path& path);  // not yet held

  int file_ = -1;
  bool held_ = false;
};

}  // namespace danas
