// The images of an experiment as networks need them, sounds made images too: a set for each resolution, or rate and
// feature, and use, made when it is first needed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/image_set.hpp"

namespace danas {

/// What the images are needed for, which decides whether keeping them pays.
struct ImageUse {
  std::int64_t training_draws = 0;  ///< training images that one data configuration asks for in all
  std::int64_t recalibration_images = 0;
  std::uint64_t recalibration_seed = 0;  ///< chooses those images
  bool bilinear_training = false;        ///< Preparation::bilinear of training levels
};

class ImageStore {
 public:
  ImageStore(std::shared_ptr<const Dataset> dataset, const DataSettings& settings, const ImageUse& use,
             const Progress& progress = {});
  ~ImageStore();
  ImageStore(ImageStore&&) noexcept;

  const Dataset& dataset() const;
  const char* items() const;             ///< what it holds, for people: "images", "recordings"
  std::int64_t size(Split split) const;  ///< images, without those known to be unreadable

  /// Sets are opened or built at the first call, which may take long and calls progress, and live as long as the store.
  /// Not thread-safe; the sets are. Throw Error where more than max(1 %, 10) of the data set's files are unusable (after
  /// all of them have been counted), where a split has no readable image, where the configuration is one of sounds and the
  /// data set holds images, or the other way round, and as ImageSet.
  const ImageSet& training(const DataConfiguration& data) const;
  const ImageSet& evaluation(Split split, const DataConfiguration& data) const;
  const ImageSet& recalibration(const DataConfiguration& data) const;

  /// Of the data set, then unreadable files of the sets so far, each once.
  std::vector<Problem> problems() const;
  std::int64_t remarked() const;  ///< files read whole with a warning, of the largest set of each split

  struct Cache {
    std::string name;
    CachePlan plan;
    std::string text() const;  ///< "train-125: raw, 42.0 MiB (each image is used about 10 times)"
  };
  /// How each set so far is kept, in the order of their making, with its bytes on disk.
  std::vector<Cache> caches() const;
  /// Of the training set of a data configuration: resolutions have one, whatever the color.
  Preparation training_preparation(const DataConfiguration& data) const;
  /// How the sets of a data configuration would be, the training set first: estimated, before anything is made.
  std::vector<Cache> plans(const DataConfiguration& data) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace danas
