#include "data/cache_builder.hpp"

#include <algorithm>
#include <exception>

#include "base/cpus.hpp"
#include "base/error.hpp"
#include "base/thread_pool.hpp"
#include "data/codecs.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

constexpr int jpeg_quality = 95;
constexpr int images_a_thread = 32;  // in a chunk

// Decodes a chunk of images side by side, then writes them in order; only a chunk is in memory.
class Builder {
 public:
  Builder(const Dataset& dataset, const ImageList& list, const std::filesystem::path& path, const CacheKey& key,
          bool exclusive)
      : dataset_(dataset), list_(list), mode_(key.mode), images_(key.images), writer_(path, key, exclusive),
        pool_(usable_cpus()), slots_(static_cast<std::size_t>(images_a_thread * pool_.threads())) {}

  void build(const Progress& progress) {
    while (writer_.count() < images_) {
      or_nothing([this] { build_chunk(); });
      if (progress) progress(static_cast<std::int64_t>(writer_.count()), static_cast<std::int64_t>(images_));
    }
    or_nothing([this] { writer_.finish(); });
  }

 private:
  struct Slot {
    Dataset::Pixels pixels;
    std::vector<std::uint8_t> jpeg;
    std::string reason;          // why it is unreadable
    std::exception_ptr failure;  // of the machine, not of the image: it ends the building
  };

  // Where the machine fails, room on its disk may be what it lacks.
  template <class Body>
  void or_nothing(Body&& body) {
    try {
      body();
    } catch (...) {
      writer_.abandon();
      throw;
    }
  }

  void build_chunk() {
    const std::uint64_t first = writer_.count(), count = std::min<std::uint64_t>(slots_.size(), images_ - first);
    pool_.run(static_cast<std::int64_t>(count), [&](std::int64_t task, int) {
      const auto place = list_.place(static_cast<std::int64_t>(first) + task);
      fill(slots_[static_cast<std::size_t>(task)], dataset_.samples(list_.split)[place]);
    });
    for (std::uint64_t i = 0; i < count; ++i) store(slots_[i]);
    writer_.checkpoint();
  }

  void fill(Slot& slot, const Sample& sample) noexcept {
    slot.reason.clear();
    try {
      list_.preparation.apply(dataset_, sample, slot.pixels);
      if (mode_ == CacheMode::jpeg) encode_jpeg(slot.pixels, jpeg_quality, slot.jpeg);
    } catch (const Error& error) {
      if (error.fault() == Fault::input) slot.reason = reason_of(error, sample.file);
      else slot.failure = std::current_exception();
    } catch (...) {
      slot.failure = std::current_exception();
    }
  }

  void store(const Slot& slot) {
    if (slot.failure) std::rethrow_exception(slot.failure);
    if (!slot.reason.empty()) return writer_.add_unreadable(slot.reason);
    const Dataset::Pixels& pixels = slot.pixels;
    CacheEntry entry;
    entry.width = pixels.width;
    entry.height = pixels.height;
    entry.channels = static_cast<std::uint16_t>(pixels.channels);
    entry.remarked = !pixels.remark.empty();
    writer_.add(entry, mode_ == CacheMode::raw    ? std::span<const std::uint8_t>(pixels.data)
                       : mode_ == CacheMode::jpeg ? std::span<const std::uint8_t>(slot.jpeg)
                                                  : std::span<const std::uint8_t>());
  }

  const Dataset& dataset_;
  const ImageList& list_;
  CacheMode mode_;
  std::uint64_t images_;
  CacheWriter writer_;
  ThreadPool pool_;
  std::vector<Slot> slots_;
};

}  // namespace

void build_cache(const Dataset& dataset, const ImageList& list, const std::filesystem::path& path, const CacheKey& key,
                 bool exclusive, const Progress& progress) {
  Builder(dataset, list, path, key, exclusive).build(progress);
}

}  // namespace danas
