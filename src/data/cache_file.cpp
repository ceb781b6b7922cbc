#include "data/cache_file.hpp"

#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace danas {

static_assert(std::endian::native == std::endian::little, "caches are little-endian");

namespace {

constexpr std::uint64_t magic = 0x6568636163736E64;  // "dnscache"
constexpr std::uint32_t version = 2;
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

struct Header {
  std::uint64_t magic, identity;
  std::uint32_t version, mode;
  std::uint64_t entries, source_bytes;
  std::uint64_t index_offset, file_bytes;
  std::uint64_t index_checksum, header_checksum;
};
static_assert(sizeof(Header) == 72);

/// At the head of the list of what an unfinished cache holds.
struct JournalHeader {
  std::uint64_t magic, identity;
};

struct JournalRecord {
  CacheEntry entry;
  std::uint64_t checksum;

  explicit JournalRecord(const CacheEntry& of = {}) : entry(of), checksum(hash_bytes(&entry, sizeof entry)) {}
  bool whole() const { return checksum == hash_bytes(&entry, sizeof entry); }
};
static_assert(sizeof(JournalRecord) == 40);

std::uint64_t checksum_of(const Header& header) { return hash_bytes(&header, offsetof(Header, header_checksum)); }

bool write_whole(int file, const void* data, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes;) {
    const ssize_t count = ::write(file, static_cast<const char*>(data) + at, bytes - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    at += static_cast<std::size_t>(count);
  }
  return true;
}

// Entries follow each other without a gap, so that their offsets need no belief.
bool holds(std::span<const std::byte> file, const CacheEntry& entry, std::uint64_t position) {
  return entry.offset == position && entry.offset <= file.size() && entry.bytes <= file.size() - entry.offset &&
         hash_bytes(file.data() + entry.offset, entry.bytes) == entry.checksum;
}

// A header that fits the file and its index.
bool read_header(std::span<const std::byte> bytes, Header& header) {
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != magic || header.version != version || header.header_checksum != checksum_of(header) ||
      header.file_bytes != bytes.size() || header.index_offset < sizeof header || header.index_offset > bytes.size() ||
      header.index_offset % 8 != 0)
    return false;
  const auto index = bytes.subspan(header.index_offset);
  return header.entries <= index.size() / sizeof(CacheEntry) &&
         header.source_bytes == index.size() - header.entries * sizeof(CacheEntry) &&
         hash_bytes(index.data(), index.size()) == header.index_checksum;
}

}  // namespace

CacheWriter::CacheWriter(const std::filesystem::path& path, const CacheKey& key, bool exclusive)
    : path_(path), key_(key), exclusive_(exclusive) {
  const std::string part = path.string() + ".part" + (exclusive ? "" : "-" + std::to_string(::getpid()));
  aside_ = part;
  journal_path_ = part + "-index";
  try {
    file_ = ::open(aside_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    journal_ = ::open(journal_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0 || journal_ < 0) fail("cannot create the cache");
    buffer_.reserve(buffer_bytes);
    take_up();
  } catch (...) {
    abandon();
    throw;
  }
}

CacheWriter::~CacheWriter() {
  if (!exclusive_) abandon();
  close_files();
}

void CacheWriter::close_files() {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  if (journal_ >= 0) ::close(std::exchange(journal_, -1));
}

void CacheWriter::abandon() {
  if (file_ >= 0) ::unlink(aside_.c_str());
  if (journal_ >= 0) ::unlink(journal_path_.c_str());
  close_files();
}

void CacheWriter::fail(const char* action) const {
  throw Error(path_.string(), std::string(action) + ": " + std::strerror(errno), Fault::failure);
}

// Of an earlier writer only what is there to the byte.
void CacheWriter::take_up() {
  const JournalHeader wanted{magic, key_.identity};
  JournalHeader found{};
  position_ = sizeof(Header);
  if (exclusive_ && ::pread(journal_, &found, sizeof found, 0) == sizeof found &&
      std::memcmp(&found, &wanted, sizeof found) == 0) {
    const MappedFile written(aside_), journal(journal_path_);
    auto records = journal.bytes().subspan(sizeof found);
    for (JournalRecord record; records.size() >= sizeof record && entries_.size() < key_.images;
         records = records.subspan(sizeof record)) {
      std::memcpy(static_cast<void*>(&record), records.data(), sizeof record);
      if (!record.whole() || !holds(written.bytes(), record.entry, position_)) break;
      entries_.push_back(record.entry);
      position_ += record.entry.bytes;
    }
  }
  recorded_ = entries_.size();
  const auto journal_bytes = static_cast<off_t>(sizeof wanted + recorded_ * sizeof(JournalRecord));
  if (::ftruncate(file_, static_cast<off_t>(position_)) != 0 || ::ftruncate(journal_, journal_bytes) != 0 ||
      ::pwrite(journal_, &wanted, sizeof wanted, 0) != sizeof wanted || ::lseek(file_, 0, SEEK_END) < 0 ||
      ::lseek(journal_, 0, SEEK_END) < 0)
    fail("cannot write the cache");
}

void CacheWriter::flush_buffer() {
  if (!write_whole(file_, buffer_.data(), buffer_.size())) fail("cannot write the cache");
  buffer_.clear();
}

void CacheWriter::write(const void* data, std::size_t bytes) {
  if (buffer_.size() + bytes > buffer_bytes) flush_buffer();
  buffer_.append(static_cast<const char*>(data), bytes);
  position_ += bytes;
}

void CacheWriter::add(CacheEntry entry, std::span<const std::uint8_t> content) {
  entry.offset = position_;
  entry.bytes = static_cast<std::uint32_t>(content.size());
  entry.checksum = hash_bytes(content.data(), content.size());
  write(content.data(), content.size());
  entries_.push_back(entry);
}

void CacheWriter::add_unreadable(const std::string& reason) {
  add({}, {reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size()});
}

void CacheWriter::checkpoint() {
  flush_buffer();
  std::vector<JournalRecord> records;
  for (; recorded_ < entries_.size(); ++recorded_) records.emplace_back(entries_[recorded_]);
  if (!write_whole(journal_, records.data(), records.size() * sizeof(JournalRecord))) fail("cannot write the cache");
}

void CacheWriter::finish() {
  const char zeros[8] = {};
  write(zeros, (8 - position_ % 8) % 8);
  std::string index(reinterpret_cast<const char*>(entries_.data()), entries_.size() * sizeof(CacheEntry));
  index += key_.source;
  Header header{magic,
                key_.identity,
                version,
                static_cast<std::uint32_t>(key_.mode),
                entries_.size(),
                key_.source.size(),
                position_,
                position_ + index.size(),
                hash_bytes(index.data(), index.size()),
                0};
  header.header_checksum = checksum_of(header);
  write(index.data(), index.size());
  flush_buffer();
  if (::pwrite(file_, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) fail("cannot write the cache");
  if (::fsync(file_) != 0 && errno != EINVAL) fail("cannot flush the cache to disk");
  if (::rename(aside_.c_str(), path_.c_str()) != 0) fail("cannot rename the finished cache");
  ::unlink(journal_path_.c_str());
  close_files();
}

bool CacheFile::open(const std::filesystem::path& path, const CacheKey& key) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  try {
    file_ = MappedFile(path);
  } catch (const Error&) {
    return false;  // it is built anew
  }
  path_ = path;
  if (read(key)) return true;
  *this = CacheFile();
  return false;
}

bool CacheFile::read(const CacheKey& key) {
  const auto bytes = file_.bytes();
  Header header;
  if (!read_header(bytes, header) || header.identity != key.identity || header.entries != key.images ||
      header.mode != static_cast<std::uint32_t>(key.mode))
    return false;
  // A multiple of 8 in a mapping of whole pages: aligned.
  entries_ = {reinterpret_cast<const CacheEntry*>(bytes.data() + header.index_offset), header.entries};
  for (const CacheEntry& entry : entries_) {
    if (entry.offset < sizeof header || entry.offset > header.index_offset ||
        entry.bytes > header.index_offset - entry.offset)
      return false;
    if (!entry.readable()) continue;
    const bool shape = entry.height > 0 && entry.width <= 1 << 20 && entry.height <= 1 << 20 &&
                       (entry.channels == 1 || entry.channels == 3);
    const std::uint64_t pixels = static_cast<std::uint64_t>(entry.width) * static_cast<std::uint64_t>(entry.height);
    if (!shape || (key.mode == CacheMode::raw && entry.bytes != pixels * entry.channels)) return false;
  }
  return true;
}

std::span<const std::uint8_t> CacheFile::content(const CacheEntry& entry) const {
  const auto* const begin = reinterpret_cast<const std::uint8_t*>(file_.bytes().data()) + entry.offset;
  if (hash_bytes(begin, entry.bytes) != entry.checksum)
    throw Error(path_.string(), "the cache is damaged; delete the file and start again", Fault::failure);
  return {begin, entry.bytes};
}

std::string CacheFile::reason(const CacheEntry& entry) const {
  const auto bytes = content(entry);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string cache_source(const std::filesystem::path& path) {
  try {
    const MappedFile file(path);
    Header header;
    if (!read_header(file.bytes(), header)) return "";
    const auto source = file.bytes().last(header.source_bytes);
    return {reinterpret_cast<const char*>(source.data()), source.size()};
  } catch (const Error&) {
    return "";
  }
}

}  // namespace danas
