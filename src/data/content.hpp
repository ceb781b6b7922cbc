// What the files of a data set hold, as hashes: computed once by all CPUs, and remembered in the cache folder by path
// within the data set, size and time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.hpp"
#include "data/dataset.hpp"
#include "data/hash_memo.hpp"

namespace danas {

struct FileContent {
  std::uint64_t bytes = 0, hash = 0;
  std::string reason;  ///< why it cannot be read; empty: it can
};

class ContentReader {
 public:
  /// `total`: files that will be read in all. Without a cache folder nothing is remembered.
  ContentReader(const DataSettings& settings, std::int64_t total, const Progress& progress);

  /// Of each sample, in order.
  std::vector<FileContent> read(const std::vector<Sample>& samples);

  /// What was read so far, for the next process.
  void remember();

  /// A sample's path within the data set.
  std::string_view path_within(const Sample& sample) const;

 private:
  struct Slot;
  void read_chunk(std::span<const Sample> samples, std::span<FileContent> contents);
  void read_one(const Sample& sample, FileContent& content, Slot& slot) const;

  std::string root_;
  HashMemo memo_;
  std::vector<RememberedHash> fresh_;  // not in the memo yet
  std::uint64_t fresh_bytes_ = 0;
  ThreadPool pool_;
  const Progress& progress_;
  std::int64_t done_ = 0, total_;
};

}  // namespace danas
