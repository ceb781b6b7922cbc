// Images of a data set in a fixed order, prepared in one way: from a cache, which is built where there is none, or
// decoded when they are asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/cache_plan.hpp"

namespace danas {

/// Which images, and how they are prepared.
struct ImageList {
  std::string name;  ///< in the cache's file name and for people: "train-125", "test-96"
  Split split = Split::train;
  std::vector<std::uint32_t> chosen;  ///< places in the split; empty: all of it
  Preparation preparation;

  std::int64_t size(const Dataset& dataset) const;
  std::uint32_t place(std::int64_t i) const { return chosen.empty() ? static_cast<std::uint32_t>(i) : chosen[i]; }
};

class ImageSet {
 public:
  /// Opens the cache, or builds it with all CPUs; where an interrupted building stopped, it goes on. Two processes or
  /// threads may do so at once: one builds. A training level of mode none is not looked at beforehand.
  ImageSet(std::shared_ptr<const Dataset> dataset, ImageList list, const DataSettings& settings, CachePlan plan,
           const Progress& progress);
  ~ImageSet();

  const std::string& name() const;
  Split split() const;
  bool covers_split() const;      ///< whether every image of the split has been looked at
  const CachePlan& plan() const;  ///< with the bytes that are on disk
  const Preparation& preparation() const;

  int classes() const;        ///< of the data set
  std::int64_t size() const;  ///< images listed, unreadable ones included
  std::int32_t label(std::int64_t i) const;
  /// Those that can be read, in order. Not for a training level of mode none, where nobody knows.
  std::vector<std::uint32_t> readable() const;

  struct Item {
    Image image;
    std::int32_t label = 0;
    std::int64_t index = 0;  ///< of the image that it is
  };
  /// Image i, or where it cannot be read the next one that can, the first after the last: so training sees the same
  /// images whatever the mode. `buffer` holds the pixels where they are not mapped; valid while set and buffer live.
  /// Thread-safe. Throws Error, with mode none also once too many files (check_problems) turn out to be unreadable.
  Item item(std::int64_t i, std::vector<std::uint8_t>& buffer) const;
  /// The same without its pixels, of a set whose pixel_bytes() are known.
  Item outline(std::int64_t i) const;
  /// Of all readable images; none of a training level of mode none, where nobody knows.
  std::optional<std::uint64_t> pixel_bytes() const;

  /// Unreadable files, and how many were read whole with a warning: all of the set's, or with mode none those met.
  std::vector<Problem> problems() const;
  std::int64_t remarked() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace danas
