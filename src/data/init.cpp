#include "data/init.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "data/audio/wav.hpp"
#include "data/codecs.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t few_images = 50, few_files = 200;
constexpr double shortest_seconds = 0.01;
constexpr double most_imbalance = 3.0;
constexpr std::uint64_t any_seed = 1;  // counts of a split by seed are the same for every seed

std::vector<std::int64_t> images_by_class(const FolderSummary& summary) {
  std::vector<std::int64_t> sums(summary.classes.size());
  for (const auto& counts : summary.counts)
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += counts[i];
  return sums;
}

void warn_of_counts(FolderSummary& summary) {
  const std::vector<std::int64_t> sums = images_by_class(summary);
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (sums[i] < few_images)
      summary.warnings.push_back("class " + summary.classes[i] + " has only " + std::to_string(sums[i]) + " " +
                                 items_of(summary.settings.kind) + "; 50 or more are advised");
  const auto [least, most] = std::minmax_element(sums.begin(), sums.end());
  if (static_cast<double>(*most) > most_imbalance * static_cast<double>(*least))
    summary.warnings.push_back("imbalance: " + std::to_string(*most) + " " + items_of(summary.settings.kind) + " of " +
                               summary.classes[static_cast<std::size_t>(most - sums.begin())] + ", " +
                               std::to_string(*least) + " of " +
                               summary.classes[static_cast<std::size_t>(least - sums.begin())]);
}

// Unreadable files are told of elsewhere.
std::optional<std::uint64_t> content_hash(const fs::path& file) {
  try {
    return hash_file(file.string());
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Only files of the same length can be the same: the others are not read.
void warn_of_leaks(FolderSummary& summary, const Dataset& dataset) {
  struct File {
    Split split;
    fs::path path;
  };
  std::map<std::uintmax_t, std::vector<File>> by_length;
  for (const Split split : {Split::train, Split::validation, Split::test})
    for (const Sample& sample : dataset.samples(split)) {
      std::error_code code;
      const std::uintmax_t length = fs::file_size(sample.file, code);
      if (!code) by_length[length].push_back({split, sample.file});
    }
  std::int64_t count = 0;
  std::string example;
  for (const auto& [length, files] : by_length) {
    const auto with_first = [split = files.front().split](const File& file) { return file.split == split; };
    if (std::all_of(files.begin(), files.end(), with_first)) continue;
    std::map<std::uint64_t, const File*> first;  // the first file of each content
    for (const File& file : files) {
      const std::optional<std::uint64_t> hash = content_hash(file.path);
      if (!hash) continue;
      const File* const same = first.emplace(*hash, &file).first->second;
      if (same->split == file.split) continue;
      if (count++ == 0) example = same->path.string() + " and " + file.path.string();
    }
  }
  if (count > 0)
    summary.warnings.push_back("the same file is in two splits, " + std::to_string(count) + " times: " + example);
}

// Which of both most of the first files are named like.
DatasetKind kind_of(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path / "ToyConveyor", ignored)) return DatasetKind::toyadmos;
  std::int64_t images = 0, recordings = 0;
  fs::recursive_directory_iterator entry(path, fs::directory_options::skip_permission_denied, ignored);
  for (; entry != fs::end(entry) && images + recordings < few_files; entry.increment(ignored)) {
    images += has_image_extension(entry->path());
    recordings += has_wav_extension(entry->path());
  }
  return recordings > images ? DatasetKind::audio_folders : DatasetKind::folders;
}

// The rate that most have, and half of them are no longer: of some recordings, without those that cannot be read.
void look_at_recordings(FolderSummary& summary, const Dataset& dataset) {
  const std::vector<Sample>& samples = dataset.samples(Split::train);
  const std::size_t tries = std::min<std::size_t>(samples.size(), few_files);
  std::map<int, int> rates;
  std::vector<double> seconds;
  for (std::size_t i = 0; i < tries; ++i) {
    try {
      const WavFile file(samples[i * samples.size() / tries].file);
      ++rates[file.rate()];
      seconds.push_back(static_cast<double>(file.size()) / file.rate());
    } catch (const Error&) {  // told of when they are read
    }
  }
  if (seconds.empty()) throw expected(summary.settings.path.string(), "WAV recordings", "none that can be read");
  const auto more = [](const auto& a, const auto& b) { return a.second < b.second; };
  summary.rate = std::max_element(rates.begin(), rates.end(), more)->first;
  std::sort(seconds.begin(), seconds.end());
  const double median = std::round(1000 * seconds[seconds.size() / 2]) / 1000;
  summary.settings.seconds = std::clamp(median, shortest_seconds, summary.settings.seconds);
  if (seconds.front() < seconds.back())
    summary.notes.push_back(
        fmt::format("recordings of {:.2f} s to {:.2f} s: seconds = {} takes the middle of longer ones "
                    "and puts silence around shorter ones",
                    seconds.front(), seconds.back(), summary.settings.seconds));
}

}  // namespace

FolderSummary summarize_folder(const fs::path& path) {
  FolderSummary summary;
  summary.settings.kind = kind_of(path);
  summary.settings.path = path;
  std::error_code ignored;
  for (const char* const name : {"validation", "val", "valid"}) {
    if (!fs::is_directory(path / name, ignored)) continue;
    summary.settings.validation = name;
    break;
  }
  const std::unique_ptr<Dataset> dataset = open_dataset(summary.settings, any_seed);
  const fs::path train = path / summary.settings.train;
  summary.has_splits = fs::is_directory(train, ignored) && !list_folder(train).folders.empty();
  summary.classes = dataset->classes();
  summary.notes = dataset->notes();
  if (holds_sounds(summary.settings.kind)) look_at_recordings(summary, *dataset);
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    std::vector<std::int64_t>& counts = summary.counts[static_cast<int>(split)];
    counts.resize(summary.classes.size());
    for (const Sample& sample : dataset->samples(split)) ++counts[static_cast<std::size_t>(sample.label)];
  }
  warn_of_counts(summary);
  warn_of_leaks(summary, *dataset);
  if (!dataset->problems().empty()) {
    const Problem& problem = dataset->problems().front();
    summary.warnings.push_back(std::to_string(dataset->problems().size()) + " files cannot be used; the first is " +
                               problem.file.string() + ": " + problem.reason);
  }
  return summary;
}

}  // namespace danas
