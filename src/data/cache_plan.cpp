#include "data/cache_plan.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/units.hpp"
#include "data/cache_folder.hpp"

namespace danas {

namespace {

constexpr std::size_t sampled_images = 16;
constexpr double jpeg_share = 0.12;    // of the raw bytes, at the quality of cache_builder.cpp
constexpr double share_of_free = 0.9;  // a disk must not be filled to its end

CachePlan chosen(CacheMode mode, double bytes, std::string reason) {
  return {mode, static_cast<std::uint64_t>(bytes), std::move(reason)};
}

}  // namespace

std::uint64_t estimated_bytes(const Dataset& dataset, Split split, std::int64_t images,
                              const Preparation& preparation) {
  if (preparation.sound)
    return static_cast<std::uint64_t>(images) * (preparation.largest_crop_bytes() + sizeof(CacheEntry));
  const auto& samples = dataset.samples(split);
  const std::size_t tries = std::min(sampled_images, samples.size());
  double bytes = 0, readable = 0;
  for (std::size_t i = 0; i < tries; ++i) {
    try {
      const bool reduced = preparation.kind == Preparation::Kind::training;
      bytes += static_cast<double>(
          preparation.bytes(dataset.decode(samples[i * samples.size() / tries], reduced ? preparation.side : 0)));
      ++readable;
    } catch (const Error& error) {
      if (error.fault() != Fault::input) throw;  // others are counted when the images are read
    }
  }
  // Without a readable one: square color images.
  const double each = readable > 0 ? bytes / readable : 3.0 * preparation.side * preparation.side;
  return static_cast<std::uint64_t>(static_cast<double>(images) * (each + sizeof(CacheEntry)));
}

CachePlan plan_cache(const DataSettings& settings, const Dataset& dataset, Split split, std::int64_t images,
                     const Preparation& preparation, std::optional<std::int64_t> draws) {
  const bool exact = preparation.kind == Preparation::Kind::evaluation;
  const double index = static_cast<double>(images) * sizeof(CacheEntry);
  if (settings.cache == CacheMode::none) return chosen(CacheMode::none, index, "as data.cache says");
  const auto raw = static_cast<double>(estimated_bytes(dataset, split, images, preparation));
  if (settings.cache == CacheMode::raw) return chosen(CacheMode::raw, raw, "as data.cache says");
  if (settings.cache == CacheMode::jpeg && !exact)
    return chosen(CacheMode::jpeg, raw * jpeg_share, "as data.cache says");
  if (!(settings.cache_gib >= 0)) throw expected("data.cache_gib", "0 or more", std::to_string(settings.cache_gib));
  if (draws && *draws < images)
    return chosen(CacheMode::none, index, fmt::format("{} images are asked for, fewer than there are", *draws));
  if (gibibytes(raw) > settings.cache_gib)
    return chosen(CacheMode::none, index,
                  fmt::format("needs {}, data.cache_gib allows {:g}", gib_text(raw), settings.cache_gib));
  const double free = share_of_free * static_cast<double>(free_cache_bytes(settings));
  if (raw > free)
    return chosen(CacheMode::none, index,
                  fmt::format("needs {}, the disk has {} to spare", gib_text(raw), gib_text(free)));
  if (!draws) return chosen(CacheMode::raw, raw, "used for every system");
  return chosen(CacheMode::raw, raw, fmt::format("each image is used about {} times", *draws / images));
}

}  // namespace danas
