#include "data/content.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

#include "base/cpus.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "data/cache_folder.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t files_a_task = 64, tasks_a_chunk = 128;
constexpr std::uint64_t unsaved_bytes = std::uint64_t{16} << 30;  // after so many an interruption loses nothing
constexpr std::int64_t settled_time = 2'000'000'000;              // nanoseconds; file systems count in up to 2 s

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

// Where it may change again and keep its time, a hash of it must not be remembered.
bool just_changed(std::int64_t time) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t age = nanoseconds(now) - time;
  return age >= 0 && age < settled_time;
}

// Without permission it is no part of the content, so that a cache is built anew once there is permission. Asking the
// system takes as long as all the rest, and seldom has to be.
bool is_permitted(const std::string& file, mode_t mode) {
  constexpr mode_t everybody = S_IRUSR | S_IRGRP | S_IROTH;
  return (mode & everybody) == everybody || ::access(file.c_str(), R_OK) == 0;
}

fs::path memo_path(const DataSettings& settings) {
  std::error_code ignored;
  const std::string root = fs::absolute(settings.path / ".", ignored).lexically_normal().string();
  try {
    return cache_folder(settings) / hash_memo_name(root);
  } catch (const Error&) {  // there is no such folder
    return {};
  }
}

}  // namespace

struct ContentReader::Slot {
  std::optional<RememberedHash> fresh;
  std::exception_ptr failure;  // of the machine, not of the file
};

ContentReader::ContentReader(const DataSettings& settings, std::int64_t total, const Progress& progress)
    : root_(settings.path.string()), memo_(memo_path(settings)), pool_(usable_cpus()), progress_(progress),
      total_(total) {}

std::string_view ContentReader::path_within(const Sample& sample) const {
  std::string_view path = sample.file;
  path.remove_prefix(std::min(root_.size(), path.size()));
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return path;
}

std::vector<FileContent> ContentReader::read(const std::vector<Sample>& samples) {
  std::vector<FileContent> contents(samples.size());
  constexpr std::size_t chunk = files_a_task * tasks_a_chunk;
  for (std::size_t first = 0; first < samples.size(); first += chunk) {
    const std::size_t count = std::min(chunk, samples.size() - first);
    read_chunk(std::span(samples).subspan(first, count), std::span(contents).subspan(first, count));
    done_ += static_cast<std::int64_t>(count);
    if (progress_) progress_(done_, total_);
    if (fresh_bytes_ >= unsaved_bytes) remember();
  }
  return contents;
}

void ContentReader::read_chunk(std::span<const Sample> samples, std::span<FileContent> contents) {
  std::vector<Slot> slots(samples.size());
  const std::size_t tasks = (samples.size() + files_a_task - 1) / files_a_task;
  pool_.run(static_cast<std::int64_t>(tasks), [&](std::int64_t task, int) {
    const std::size_t first = static_cast<std::size_t>(task) * files_a_task;
    for (std::size_t i = first; i < std::min(first + files_a_task, samples.size()); ++i)
      read_one(samples[i], contents[i], slots[i]);
  });
  for (const Slot& slot : slots) {
    if (slot.failure) std::rethrow_exception(slot.failure);
    if (!slot.fresh) continue;
    fresh_.push_back(*slot.fresh);
    fresh_bytes_ += slot.fresh->bytes;
  }
}

void ContentReader::read_one(const Sample& sample, FileContent& content, Slot& slot) const {
  try {
    struct stat status {};
    if (::stat(sample.file.c_str(), &status) != 0 || !is_permitted(sample.file, status.st_mode))
      throw Error(sample.file, std::string("cannot read: ") + std::strerror(errno));
    content.bytes = static_cast<std::uint64_t>(status.st_size);
    const std::string_view name = path_within(sample);
    RememberedHash now{hash_bytes(name.data(), name.size()), content.bytes, nanoseconds(status.st_mtim), 0};
    const RememberedHash* const known = memo_.find(now.name);
    if (known != nullptr && known->bytes == now.bytes && known->time == now.time && S_ISREG(status.st_mode)) {
      content.hash = known->hash;
      return;
    }
    now.hash = content.hash = hash_file(sample.file);
    if (!just_changed(now.time)) slot.fresh = now;
  } catch (const Error& error) {
    content.reason = reason_of(error, sample.file);
  } catch (...) {
    slot.failure = std::current_exception();
  }
}

void ContentReader::remember() {
  memo_.add(std::move(fresh_));
  fresh_.clear();
  fresh_bytes_ = 0;
}

}  // namespace danas
