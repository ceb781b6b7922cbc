// The cache: every image decoded once, its shorter side reduced to what the largest resolution can use, memory-mapped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "data/dataset.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// progress(done, total) is called now and then from the building thread; done is 0 while another process builds.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

class ImageStore {
 public:
  /// Opens the cache of this dataset and largest resolution, or builds it (all cores; written aside and renamed, so
  /// safe against a kill or a second process). Unreadable files join those of the dataset in problems(); beyond
  /// max(1 %, 10 files), and where a split has no readable image: Error.
  ImageStore(std::shared_ptr<const Dataset> dataset, const DataSettings& settings, int largest_resolution,
             const Progress& progress = {});
  ~ImageStore();

  const Dataset& dataset() const;
  std::int64_t size(Split split) const;                    ///< readable images
  std::int32_t label(Split split, std::int64_t index) const;
  const std::vector<Problem>& problems() const;            ///< of the dataset, then unreadable files
  std::uint64_t bytes() const;                             ///< on disk
  std::string mode() const;                                ///< "raw", "jpeg" or "none"

  /// The image; `buffer` holds its pixels where they are not mapped. Valid while store and buffer live. Thread-safe.
  Image image(Split split, std::int64_t index, std::vector<std::uint8_t>& buffer) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Estimated bytes of the raw cache, for `danas check`.
std::uint64_t estimated_cache_bytes(const Dataset& dataset, int largest_resolution,
                                    double crop_min_area = DataSettings().crop_min_area);

}  // namespace danas
