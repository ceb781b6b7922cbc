#include "data/image_store.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cmath>
#include <exception>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/thread_pool.hpp"
#include "data/cache_file.hpp"
#include "data/codecs.hpp"
#include "data/listing.hpp"
#include "data/resize.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

constexpr int jpeg_quality = 95;
constexpr int longest_aspect = 2;    // what a network sees is nearly square
constexpr double least_room = 1.3;   // cached side by resolution: crops of 0.6 of the area have 0.77 of the side
constexpr double longest_side = 1 << 16;
constexpr Split all_splits[] = {Split::train, Split::validation, Split::test};

// So long that the smallest crops still have the resolution.
int cached_side(int largest_resolution, double crop_min_area) {
  const double room = std::max(least_room, 1 / std::sqrt(crop_min_area));
  return static_cast<int>(std::ceil(std::min(largest_resolution * room - 1e-9, longest_side)));
}

// What of an image is kept, and how large.
struct Reduction { Crop crop; int width, height; };

Reduction reduction_of(int width, int height, int side) {
  Crop crop{0, 0, std::min(width, longest_aspect * height), std::min(height, longest_aspect * width), false};
  crop.x = (width - crop.width) / 2;
  crop.y = (height - crop.height) / 2;
  const int shorter = std::min(crop.width, crop.height);
  if (shorter <= side) return {crop, crop.width, crop.height};
  const auto scaled = [&](int length) { return static_cast<int>(std::lround(double(length) * side / shorter)); };
  return {crop, scaled(crop.width), scaled(crop.height)};
}

// Decodes a sample as every mode of the cache shows it.
void prepare(const Dataset& dataset, const Sample& sample, int side, Dataset::Pixels& out) {
  const Dataset::Pixels pixels = dataset.decode(sample, side);
  const Reduction reduction = reduction_of(pixels.width, pixels.height, side);
  reduce(image_of(pixels), reduction.crop, reduction.width, reduction.height, pixels.channels, out);
}

fs::path cache_folder(const DataSettings& settings) {
  if (!settings.cache_path.empty()) return settings.cache_path;
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache && *cache) return fs::path(cache) / "danas";
  const char* const home = std::getenv("HOME");
  if (home && *home) return fs::path(home) / ".cache" / "danas";
  throw expected("data.cache_path", "a folder, or $XDG_CACHE_HOME or $HOME to be set", "none of them");
}

CacheMode choose_mode(const DataSettings& settings, const Dataset& dataset, int largest_resolution) {
  if (settings.cache == "raw") return CacheMode::raw;
  if (settings.cache == "jpeg") return CacheMode::jpeg;
  if (settings.cache == "none") return CacheMode::none;
  if (settings.cache != "auto")
    throw expected("data.cache", "'auto', 'raw', 'jpeg' or 'none'", "'" + settings.cache + "'");
  if (!(settings.cache_gib >= 0)) throw expected("data.cache_gib", "0 or more", std::to_string(settings.cache_gib));
  const auto bytes =
      static_cast<double>(estimated_cache_bytes(dataset, largest_resolution, settings.crop_min_area));
  const double most = settings.cache_gib * 0x1p30;
  return bytes <= most ? CacheMode::raw : bytes / 10 <= most ? CacheMode::jpeg : CacheMode::none;
}

// Decodes the samples of a chunk side by side, then writes them in order: the same file for any number of threads, and
// only a chunk in memory.
class Builder {
 public:
  Builder(const Dataset& dataset, const CacheKey& key, const fs::path& path, const Progress& progress)
      : dataset_(dataset), key_(key), progress_(progress), writer_(path, key),
        pool_(std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
        slots_(static_cast<std::size_t>(32 * pool_.threads())) {
    for (const Split split : all_splits) total_ += static_cast<std::int64_t>(dataset.samples(split).size());
  }

  void build() {
    for (const Split split : all_splits) {
      const auto& samples = dataset_.samples(split);
      for (std::size_t first = 0; first < samples.size(); first += slots_.size()) {
        const std::size_t count = std::min(slots_.size(), samples.size() - first);
        pool_.run(static_cast<std::int64_t>(count), [&](std::int64_t task, int) {
          const auto i = static_cast<std::size_t>(task);
          fill(slots_[i], samples[first + i]);
        });
        for (std::size_t i = 0; i < count; ++i) store(slots_[i], split, first + i, samples[first + i]);
        done_ += static_cast<std::int64_t>(count);
        check_problems(problems_, total_ + static_cast<std::int64_t>(dataset_.problems().size()));
        if (progress_) progress_(done_, total_);
      }
    }
    writer_.finish();
  }

 private:
  struct Slot {
    Dataset::Pixels pixels;
    std::vector<std::uint8_t> jpeg;
    std::string reason;          // why it is unreadable
    std::exception_ptr failure;  // of the machine, not of the image: it ends the building
  };

  void fill(Slot& slot, const Sample& sample) noexcept {
    slot.reason.clear();
    try {
      prepare(dataset_, sample, key_.side, slot.pixels);
      if (key_.mode == CacheMode::jpeg) encode_jpeg(slot.pixels, jpeg_quality, slot.jpeg);
    } catch (const Error& error) {
      if (error.fault() == Fault::input) slot.reason = reason_of(error, sample.file);
      else slot.failure = std::current_exception();
    } catch (...) {
      slot.failure = std::current_exception();
    }
  }

  void store(const Slot& slot, Split split, std::size_t index, const Sample& sample) {
    if (slot.failure) std::rethrow_exception(slot.failure);
    const auto split_number = static_cast<std::uint32_t>(split), number = static_cast<std::uint32_t>(index);
    if (!slot.reason.empty()) {
      writer_.add_problem(split_number, number, slot.reason);
      if (problems_.empty()) problems_ = dataset_.problems();
      problems_.push_back({sample.file, slot.reason});
      return;
    }
    const Dataset::Pixels& pixels = slot.pixels;
    const CacheEntry entry{0, 0, pixels.width, pixels.height, pixels.channels, sample.label, split_number, number};
    writer_.add(entry, key_.mode == CacheMode::raw    ? std::span<const std::uint8_t>(pixels.data)
                       : key_.mode == CacheMode::jpeg ? std::span<const std::uint8_t>(slot.jpeg)
                                                      : std::span<const std::uint8_t>());
  }

  const Dataset& dataset_;
  const CacheKey& key_;
  const Progress& progress_;
  CacheWriter writer_;
  ThreadPool pool_;
  std::vector<Slot> slots_;
  std::vector<Problem> problems_;
  std::int64_t done_ = 0, total_ = 0;
};

}  // namespace

struct ImageStore::State {
  std::shared_ptr<const Dataset> dataset;
  CacheKey key;
  CacheFile file;
  std::vector<CacheEntry> entries[3];  // in the order of the dataset
  std::vector<Problem> problems;

  void open_or_build(const fs::path& path, const Progress& progress) {
    const std::uint64_t samples[3] = {dataset->samples(Split::train).size(), dataset->samples(Split::validation).size(),
                                      dataset->samples(Split::test).size()};
    if (file.open(path, key, samples)) return;
    make_folder(path.parent_path());
    const BuildLock lock(path.string() + ".lock", [&] {
      if (progress) progress(0, static_cast<std::int64_t>(samples[0] + samples[1] + samples[2]));
    });
    if (file.open(path, key, samples)) return;  // another process was faster
    if (lock.held()) remove_leftovers(path);
    Builder(*dataset, key, path, progress).build();
    if (!file.open(path, key, samples))
      throw Error(path.string(), "the cache cannot be read after it was written", Fault::failure);
  }

  void list() {
    for (const CacheEntry& entry : file.entries()) {
      const Sample& sample = dataset->samples(static_cast<Split>(entry.split))[entry.sample];
      if (entry.label != sample.label) throw expected("cache", "the labels of the dataset", "others");
      entries[entry.split].push_back(entry);
    }
    problems = dataset->problems();
    for (const CacheProblem& problem : file.problems())
      problems.push_back({dataset->samples(static_cast<Split>(problem.split))[problem.sample].file, problem.reason});
  }

  void check_splits() const {
    for (const Split split : all_splits)
      if (entries[static_cast<int>(split)].empty())
        throw expected("data", std::string("readable images in the ") + split_name(split) + " split",
                       "none" + (problems.empty() ? ""
                                                  : "; the first unusable file is " + problems.front().file.string() +
                                                        ": " + problems.front().reason));
  }
};

ImageStore::ImageStore(std::shared_ptr<const Dataset> dataset, const DataSettings& settings, int largest_resolution,
                       const Progress& progress)
    : state_(std::make_unique<State>()) {
  if (largest_resolution < 1 || largest_resolution > 4096)
    throw expected("space.resolution", "1 to 4096 pixels", std::to_string(largest_resolution));
  State& state = *state_;
  state.dataset = std::move(dataset);
  state.key = {state.dataset->fingerprint(), cached_side(largest_resolution, settings.crop_min_area),
               choose_mode(settings, *state.dataset, largest_resolution)};
  char name[64];
  std::snprintf(name, sizeof name, "%016llx-%d-%s.cache", static_cast<unsigned long long>(state.key.fingerprint),
                state.key.side, cache_mode_name(state.key.mode));
  state.open_or_build(cache_folder(settings) / name, progress);
  state.list();
  state.check_splits();
}

ImageStore::~ImageStore() = default;

const Dataset& ImageStore::dataset() const { return *state_->dataset; }

std::int64_t ImageStore::size(Split split) const {
  return static_cast<std::int64_t>(state_->entries[static_cast<int>(split)].size());
}

std::int32_t ImageStore::label(Split split, std::int64_t index) const {
  return state_->entries[static_cast<int>(split)].at(static_cast<std::size_t>(index)).label;
}

const std::vector<Problem>& ImageStore::problems() const { return state_->problems; }
std::uint64_t ImageStore::bytes() const { return state_->file.bytes(); }
std::string ImageStore::mode() const { return cache_mode_name(state_->key.mode); }

Image ImageStore::image(Split split, std::int64_t index, std::vector<std::uint8_t>& buffer) const {
  const State& state = *state_;
  const CacheEntry& entry = state.entries[static_cast<int>(split)].at(static_cast<std::size_t>(index));
  const std::uint8_t* const content = state.file.content(entry);
  if (state.key.mode == CacheMode::raw) return {content, entry.width, entry.height, entry.channels};
  Dataset::Pixels pixels;
  if (state.key.mode == CacheMode::jpeg) {
    pixels = decode_jpeg({reinterpret_cast<const std::byte*>(content), entry.bytes}, 0, "cache");
  } else {
    pixels.data.swap(buffer);
    prepare(*state.dataset, state.dataset->samples(split)[entry.sample], state.key.side, pixels);
  }
  if (pixels.width != entry.width || pixels.height != entry.height || pixels.channels != entry.channels)
    throw expected("cache", "an image as large as when the cache was built", "another one");
  buffer.swap(pixels.data);
  return {buffer.data(), entry.width, entry.height, entry.channels};
}

std::uint64_t estimated_cache_bytes(const Dataset& dataset, int largest_resolution, double crop_min_area) {
  constexpr std::size_t most = 16;
  const int side = cached_side(largest_resolution, crop_min_area);
  double bytes = 0, readable = 0, total = 0;
  for (const Split split : all_splits) total += static_cast<double>(dataset.samples(split).size());
  const auto& samples = dataset.samples(Split::train);
  const std::size_t tries = std::min(most, samples.size());
  for (std::size_t i = 0; i < tries; ++i) {
    try {
      const Dataset::Pixels pixels = dataset.decode(samples[i * samples.size() / tries], side);
      const Reduction reduction = reduction_of(pixels.width, pixels.height, side);
      bytes += double(reduction.width) * reduction.height * pixels.channels;
      ++readable;
    } catch (const Error& error) {
      if (error.fault() != Fault::input) throw;  // others are counted when the cache is built
    }
  }
  // Without a readable sample: square color images.
  const double each = readable > 0 ? bytes / readable : 3.0 * side * side;
  return static_cast<std::uint64_t>(total * (each + sizeof(CacheEntry)));
}

}  // namespace danas
