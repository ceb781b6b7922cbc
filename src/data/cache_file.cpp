#include "data/cache_file.hpp"

#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "data/listing.hpp"

namespace danas {

static_assert(std::endian::native == std::endian::little, "caches are little-endian");

namespace {

constexpr std::uint64_t magic = 0x6568636163736E64;  // "dnscache"
constexpr std::uint32_t version = 1;
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

struct Header {
  std::uint64_t magic, fingerprint;
  std::uint32_t version, mode;
  std::int32_t side;
  std::uint32_t reserved;
  std::uint64_t entries, problem_bytes;
  std::uint64_t index_offset, file_bytes;
  std::uint64_t index_checksum, header_checksum;
};
static_assert(sizeof(Header) == 80);

std::uint64_t checksum(const void* data, std::size_t bytes) {
  Fingerprint sum;
  sum.add(std::string_view(static_cast<const char*>(data), bytes));
  return sum.value();
}

std::uint64_t header_checksum(const Header& header) { return checksum(&header, offsetof(Header, header_checksum)); }

}  // namespace

const char* cache_mode_name(CacheMode mode) {
  return mode == CacheMode::raw ? "raw" : mode == CacheMode::jpeg ? "jpeg" : "none";
}

CacheWriter::CacheWriter(const std::filesystem::path& path, const CacheKey& key) : path_(path), key_(key) {
  static std::atomic<unsigned> count{0};
  aside_ = path.string() + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
  file_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail("cannot create the cache");
  buffer_.reserve(buffer_bytes);
  const Header empty{};  // no magic: never taken for a cache
  write(&empty, sizeof empty);
}

CacheWriter::~CacheWriter() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(aside_.c_str());
}

void CacheWriter::fail(const char* action) const {
  throw Error(path_.string(), std::string(action) + ": " + std::strerror(errno), Fault::failure);
}

void CacheWriter::flush_buffer() {
  for (std::size_t at = 0; at < buffer_.size();) {
    const ssize_t count = ::write(file_, buffer_.data() + at, buffer_.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot write the cache");
    at += static_cast<std::size_t>(count);
  }
  buffer_.clear();
}

void CacheWriter::write(const void* data, std::size_t bytes) {
  if (buffer_.size() + bytes > buffer_bytes) flush_buffer();
  buffer_.append(static_cast<const char*>(data), bytes);
  position_ += bytes;
}

void CacheWriter::add(CacheEntry entry, std::span<const std::uint8_t> content) {
  entry.offset = position_;
  entry.bytes = content.size();
  write(content.data(), content.size());
  entries_.push_back(entry);
}

void CacheWriter::add_problem(std::uint32_t split, std::uint32_t sample, const std::string& reason) {
  problems_.push_back({split, sample, reason});
}

void CacheWriter::finish() {
  const char zeros[8] = {};
  write(zeros, (8 - position_ % 8) % 8);
  std::string index(reinterpret_cast<const char*>(entries_.data()), entries_.size() * sizeof(CacheEntry));
  for (const CacheProblem& problem : problems_) {
    const std::uint32_t numbers[3] = {problem.split, problem.sample, static_cast<std::uint32_t>(problem.reason.size())};
    index.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
    index += problem.reason;
  }
  Header header{magic, key_.fingerprint, version, static_cast<std::uint32_t>(key_.mode), key_.side, 0,
                entries_.size(), index.size() - entries_.size() * sizeof(CacheEntry), position_,
                position_ + index.size(), checksum(index.data(), index.size()), 0};
  header.header_checksum = header_checksum(header);
  write(index.data(), index.size());
  flush_buffer();
  if (::pwrite(file_, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) fail("cannot write the cache");
  if (::fsync(file_) != 0 && errno != EINVAL) fail("cannot flush the cache to disk");
  if (::rename(aside_.c_str(), path_.c_str()) != 0) fail("cannot rename the finished cache");
  ::close(std::exchange(file_, -1));
}

const std::uint8_t* CacheFile::content(const CacheEntry& entry) const {
  return reinterpret_cast<const std::uint8_t*>(file_.bytes().data()) + entry.offset;
}

bool CacheFile::open(const std::filesystem::path& path, const CacheKey& key, const std::uint64_t (&samples)[3]) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  try {
    file_ = MappedFile(path);
  } catch (const Error&) {
    return false;  // it is built anew
  }
  if (read(key, samples)) return true;
  *this = CacheFile();
  return false;
}

bool CacheFile::read(const CacheKey& key, const std::uint64_t (&samples)[3]) {
  const auto bytes = file_.bytes();
  Header header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != magic || header.version != version || header.header_checksum != header_checksum(header) ||
      header.fingerprint != key.fingerprint || header.side != key.side ||
      header.mode != static_cast<std::uint32_t>(key.mode) || header.file_bytes != bytes.size())
    return false;
  if (header.index_offset < sizeof header || header.index_offset > bytes.size() || header.index_offset % 8 != 0)
    return false;
  const auto index = bytes.subspan(header.index_offset);
  if (header.entries > index.size() / sizeof(CacheEntry) ||
      header.problem_bytes != index.size() - header.entries * sizeof(CacheEntry) ||
      checksum(index.data(), index.size()) != header.index_checksum)
    return false;
  entries_.resize(header.entries);
  if (!entries_.empty()) std::memcpy(entries_.data(), index.data(), header.entries * sizeof(CacheEntry));
  for (const CacheEntry& entry : entries_) {
    const bool inside = entry.offset >= sizeof header && entry.offset <= header.index_offset &&
                        entry.bytes <= header.index_offset - entry.offset;
    const bool shape = entry.width > 0 && entry.height > 0 && entry.width <= 1 << 20 && entry.height <= 1 << 20 &&
                       (entry.channels == 1 || entry.channels == 3);
    if (!inside || !shape || entry.split > 2 || entry.sample >= samples[entry.split]) return false;
    if (key.mode == CacheMode::raw && entry.bytes != static_cast<std::uint64_t>(entry.width) *
                                                         static_cast<std::uint64_t>(entry.height * entry.channels))
      return false;
  }
  auto rest = index.subspan(header.entries * sizeof(CacheEntry));
  while (!rest.empty()) {
    std::uint32_t numbers[3];
    if (rest.size() < sizeof numbers) return false;
    std::memcpy(numbers, rest.data(), sizeof numbers);
    rest = rest.subspan(sizeof numbers);
    if (numbers[0] > 2 || numbers[1] >= samples[numbers[0]] || numbers[2] > rest.size()) return false;
    problems_.push_back({numbers[0], numbers[1], std::string(reinterpret_cast<const char*>(rest.data()), numbers[2])});
    rest = rest.subspan(numbers[2]);
  }
  return true;
}

BuildLock::BuildLock(const std::filesystem::path& path) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0)
    throw Error(path.string(), std::string("cannot create the lock file: ") + std::strerror(errno), Fault::failure);
}

BuildLock::BuildLock(const std::filesystem::path& path, const std::function<void()>& waiting) : BuildLock(path) {
  while (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return;
    waiting();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  held_ = true;
}

BuildLock::~BuildLock() { ::close(file_); }

void remove_leftovers(const std::filesystem::path& path) {
  const std::string prefix = path.filename().string() + ".part-";
  std::error_code code;
  for (std::filesystem::directory_iterator entry(path.parent_path(), code), end; !code && entry != end;
       entry.increment(code)) {
    std::error_code ignored;
    if (entry->path().filename().string().starts_with(prefix)) std::filesystem::remove(entry->path(), ignored);
  }
}

}  // namespace danas
