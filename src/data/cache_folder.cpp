#include "data/cache_folder.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace danas {

namespace fs = std::filesystem;

namespace {

constexpr const char* extension = ".cache";
constexpr const char* memo_extension = ".hashes";
constexpr double days_of_work = 1.0 / 24;  // what is written aside may be in use where there are no locks

// The name of the whole cache that a file belongs to: it, its lock and what is written aside; empty: none of ours, which
// begin with a hash.
std::string cache_of(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::size_t digits = name.find_first_not_of("0123456789abcdef");
  if (digits != hash_text(0).size() || (name[digits] != '-' && name[digits] != '.')) return "";
  for (const std::string kind : {extension, memo_extension}) {
    const std::size_t end = name.find(kind);
    if (end == name.npos) continue;
    const std::string rest = name.substr(end + kind.size());
    if (rest.empty() || rest == ".lock" || rest.starts_with(".part")) return name.substr(0, end) + kind;
  }
  return "";
}

CachedFile look_at(const fs::path& file, const std::string& cache) {
  CachedFile found;
  found.path = file;
  std::error_code ignored;
  found.bytes = fs::file_size(file, ignored);
  const auto age = fs::file_time_type::clock::now() - fs::last_write_time(file, ignored);
  found.days = std::chrono::duration<double, std::ratio<86400>>(age).count();
  found.in_use = BuildLock::busy(file.parent_path() / (cache + ".lock"));
  if (file.extension() == extension) found.source = cache_source(file);
  if (file.extension() == memo_extension) found.source = "hashes of images";
  return found;
}

}  // namespace

fs::path cache_folder(const DataSettings& settings) {
  if (!settings.cache_path.empty()) return settings.cache_path;
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache && *cache) return fs::path(cache) / "danas";
  const char* const home = std::getenv("HOME");
  if (home && *home) return fs::path(home) / ".cache" / "danas";
  throw expected("data.cache_path", "a folder, or $XDG_CACHE_HOME or $HOME to be set", "none of them");
}

std::uint64_t free_cache_bytes(const DataSettings& settings) {
  std::error_code code;
  fs::path existing = fs::absolute(cache_folder(settings));
  while (!fs::exists(existing, code) && existing.has_relative_path()) existing = existing.parent_path();
  const fs::space_info space = fs::space(existing, code);
  return code ? 0 : space.available;
}

std::string cache_file_name(const std::string& name, const CacheKey& key) {
  return hash_text(key.identity) + "-" + name + "-" + name_of(key.mode) + extension;
}

std::string hash_memo_name(const std::string& root) {
  return hash_text(hash_bytes(root.data(), root.size())) + memo_extension;
}

std::vector<CachedFile> prune_caches(const fs::path& folder, double most_days) {
  std::vector<CachedFile> files;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    const std::string cache = cache_of(entry->path());
    if (!cache.empty() && entry->is_regular_file(code)) files.push_back(look_at(entry->path(), cache));
  }
  if (code && fs::exists(folder)) throw Error(folder.string(), "cannot list the folder: " + code.message());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (CachedFile& file : files) {
    const bool whole = file.path.extension() == extension || file.path.extension() == memo_extension;
    if (file.in_use || (!whole && file.days < std::min(days_of_work, most_days))) continue;
    if (!file.source.empty() && file.days <= most_days) continue;
    file.removed = fs::remove(file.path, code);
  }
  return files;
}

}  // namespace danas
