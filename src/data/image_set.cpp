#include "data/image_set.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "data/cache_builder.hpp"
#include "data/cache_folder.hpp"
#include "data/codecs.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

// The images, their order and their preparation; what they hold is in the data set's fingerprint.
std::uint64_t identity_of(const Dataset& dataset, const ImageList& list) {
  Fingerprint identity;
  identity.add(list.preparation.name());
  identity.add(dataset.fingerprint());
  identity.add(list.name);
  for (const std::uint32_t place : list.chosen) identity.add(std::uint64_t{place});
  return identity.value();
}

}  // namespace

std::int64_t ImageList::size(const Dataset& dataset) const {
  return static_cast<std::int64_t>(chosen.empty() ? dataset.samples(split).size() : chosen.size());
}

struct ImageSet::State {
  std::shared_ptr<const Dataset> dataset;
  ImageList list;
  CachePlan plan;
  CacheKey key;
  CacheFile file;
  bool indexed = true;  // whether every image has been looked at
  // Of a set that is not indexed: what was met so far.
  mutable std::mutex mutex;
  mutable std::map<std::uint32_t, std::string> unreadable;
  mutable std::set<std::uint32_t> remarked;

  const Sample& sample(std::int64_t i) const { return dataset->samples(list.split)[list.place(i)]; }

  void open_or_build(const fs::path& path, const Progress& progress) {
    if (file.open(path, key)) return touch(path);
    make_folder(path.parent_path());
    const BuildLock lock(path.string() + ".lock", [&] {
      if (progress) progress(0, static_cast<std::int64_t>(key.images));
    });
    if (file.open(path, key)) return;  // another process was faster
    build_cache(*dataset, list, path, key, lock.held(), progress);
    if (!file.open(path, key))
      throw Error(path.string(), "the cache cannot be read after it was written", Fault::failure);
  }

  // The time of a cache's last use, for `danas data --prune`.
  static void touch(const fs::path& path) {
    std::error_code ignored;
    fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
  }

  void check() const {
    std::vector<Problem> all = dataset->problems();
    const std::vector<Problem> found = problems();
    all.insert(all.end(), found.begin(), found.end());
    check_problems(all, dataset->files());
  }

  std::vector<Problem> problems() const {
    std::vector<Problem> found;
    if (indexed) {
      for (std::size_t i = 0; i < file.entries().size(); ++i)
        if (const CacheEntry& entry = file.entries()[i]; !entry.readable())
          found.push_back({sample(static_cast<std::int64_t>(i)).file, file.reason(entry)});
      return found;
    }
    const std::lock_guard lock(mutex);
    for (const auto& [i, reason] : unreadable) found.push_back({sample(i).file, reason});
    return found;
  }

  bool known_unreadable(std::int64_t i) const {
    if (indexed) return !file.entries()[static_cast<std::size_t>(i)].readable();
    const std::lock_guard lock(mutex);
    return unreadable.contains(static_cast<std::uint32_t>(i));
  }

  // False where it cannot be read and that is not known yet.
  bool decode(std::int64_t i, Dataset::Pixels& pixels) const {
    try {
      list.preparation.apply(*dataset, sample(i), pixels);
      if (indexed || pixels.remark.empty()) return true;
      const std::lock_guard lock(mutex);
      remarked.insert(static_cast<std::uint32_t>(i));
      return true;
    } catch (const Error& error) {
      std::error_code ignored;
      const fs::path& path = sample(i).file;
      const bool gone = !path.empty() && !fs::exists(path, ignored);  // it could be read when it was listed
      if (indexed || gone || error.fault() != Fault::input) throw;
      const std::lock_guard lock(mutex);
      unreadable.emplace(static_cast<std::uint32_t>(i), reason_of(error, path));
    }
    check();
    return false;
  }

  Image shape(std::int64_t i) const {
    const CacheEntry& entry = file.entries()[static_cast<std::size_t>(i)];
    return {nullptr, entry.width, entry.height, entry.channels};
  }

  // Item i, or the first after it that `load` gives an image of.
  template <class Load>
  Item first_readable(std::int64_t i, const Load& load) const {
    const auto count = static_cast<std::int64_t>(key.images);
    for (std::int64_t tries = 0; tries < count; ++tries, i = (i + 1) % count) {
      Item item;
      if (known_unreadable(i) || !load(i, item.image)) continue;
      item.label = sample(i).label;
      item.index = i;
      return item;
    }
    throw expected("data", std::string("readable images in the ") + split_name(list.split) + " split", "none");
  }

  // The image of a place that is not known to be unreadable; false where that turns out now.
  bool load(std::int64_t i, std::vector<std::uint8_t>& buffer, Image& image) const {
    const bool stored = plan.mode != CacheMode::none;
    const std::span<const std::uint8_t> content =
        stored ? file.content(file.entries()[static_cast<std::size_t>(i)]) : std::span<const std::uint8_t>();
    if (plan.mode == CacheMode::raw) {
      image = shape(i);
      image.pixels = content.data();
      return true;
    }
    Dataset::Pixels pixels;
    pixels.data.swap(buffer);
    if (plan.mode == CacheMode::jpeg) pixels = decode_jpeg(std::as_bytes(content), 0, "cache");
    else if (!decode(i, pixels)) return false;
    buffer.swap(pixels.data);
    image = {buffer.data(), pixels.width, pixels.height, pixels.channels};
    return true;
  }
};

ImageSet::ImageSet(std::shared_ptr<const Dataset> dataset, ImageList list, const DataSettings& settings, CachePlan plan,
                   const Progress& progress)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.dataset = std::move(dataset);
  state.list = std::move(list);
  state.plan = std::move(plan);
  state.key = {identity_of(*state.dataset, state.list), state.plan.mode,
               static_cast<std::uint64_t>(state.list.size(*state.dataset)),
               settings.path.empty() ? name_of(settings.kind) : settings.path.string()};
  state.indexed = state.plan.mode != CacheMode::none || state.list.preparation.kind == Preparation::Kind::evaluation;
  if (state.indexed)
    state.open_or_build(cache_folder(settings) / cache_file_name(state.list.name, state.key), progress);
  state.plan.bytes = state.file.bytes();
}

ImageSet::~ImageSet() = default;

bool ImageSet::covers_split() const { return state_->indexed && state_->list.chosen.empty(); }
const std::string& ImageSet::name() const { return state_->list.name; }
Split ImageSet::split() const { return state_->list.split; }
const CachePlan& ImageSet::plan() const { return state_->plan; }
const Preparation& ImageSet::preparation() const { return state_->list.preparation; }
std::int64_t ImageSet::size() const { return static_cast<std::int64_t>(state_->key.images); }
std::int32_t ImageSet::label(std::int64_t i) const {
  return state_->dataset->samples(split())[state_->list.place(i)].label;
}
int ImageSet::classes() const { return static_cast<int>(state_->dataset->classes().size()); }
std::vector<Problem> ImageSet::problems() const { return state_->problems(); }

std::int64_t ImageSet::remarked() const {
  const auto entries = state_->file.entries();
  const std::lock_guard lock(state_->mutex);
  return static_cast<std::int64_t>(state_->remarked.size()) +
         std::count_if(entries.begin(), entries.end(), [](const auto& e) { return e.remarked != 0; });
}

std::vector<std::uint32_t> ImageSet::readable() const {
  std::vector<std::uint32_t> places;
  const auto entries = state_->file.entries();
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].readable()) places.push_back(static_cast<std::uint32_t>(i));
  return places;
}

ImageSet::Item ImageSet::item(std::int64_t i, std::vector<std::uint8_t>& buffer) const {
  return state_->first_readable(i,
                                [&](std::int64_t place, Image& image) { return state_->load(place, buffer, image); });
}

ImageSet::Item ImageSet::outline(std::int64_t i) const {
  return state_->first_readable(i, [&](std::int64_t place, Image& image) {
    image = state_->shape(place);
    return true;
  });
}

std::optional<std::uint64_t> ImageSet::pixel_bytes() const {
  if (!state_->indexed) return std::nullopt;
  std::uint64_t sum = 0;
  for (const CacheEntry& entry : state_->file.entries())
    sum += static_cast<std::uint64_t>(entry.width) * static_cast<std::uint64_t>(entry.height) * entry.channels;
  return sum;
}

}  // namespace danas
