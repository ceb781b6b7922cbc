// Datasets: what images or recordings there are, in which split, with which label.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "data/audio/mixing.hpp"
#include "data/cache_mode.hpp"

namespace danas {

enum class DatasetKind { wake_vision, folders, synthetic, audio_folders, toyadmos };
template <>
inline constexpr std::array names<DatasetKind>{"wake_vision", "folders", "synthetic", "audio_folders", "toyadmos"};
constexpr bool holds_sounds(DatasetKind kind) {
  return kind == DatasetKind::audio_folders || kind == DatasetKind::toyadmos;
}
/// For people: "images", "recordings".
constexpr const char* items_of(DatasetKind kind) { return holds_sounds(kind) ? "recordings" : "images"; }

/// [data] of an experiment file.
struct DataSettings {
  DatasetKind kind = DatasetKind::synthetic;
  std::filesystem::path path;                                             ///< resolved (variables expanded)
  std::string train = "train", validation = "validation", test = "test";  ///< names of the splits
  std::string positive;              ///< positive class of two; empty: the last by name
  std::optional<CacheMode> cache;    ///< empty ("auto"): chosen for each set of images by plan_cache()
  double cache_gib = 100.0;          ///< the most disk that may then be used for one of them
  std::filesystem::path cache_path;  ///< empty: $XDG_CACHE_HOME/danas or ~/.cache/danas
  double crop_min_area = 0.6;        ///< training crops: share of the image's area, at least
  bool balance = false;              ///< training sees every class equally often, whatever there is of each
  // synthetic scenes
  int images = 4000;           ///< of the training split; validation and test have a quarter each
  int size = 128;              ///< pixels of the shorter side
  std::filesystem::path save;  ///< folder to save the scenes to; empty: they are not saved
  // folders without splits: shares of the seeded stratified split
  double validation_share = 0.15, test_share = 0.15;
  // sounds
  double seconds = 10;  ///< of each: the middle of longer ones, silence around shorter ones
  // ToyADMOS
  int conveyor_case = 1, channel = 1;
  Mixing mixing;
};

enum class Split { train, validation, test };
const char* split_name(Split split);

/// progress(done, total) is called now and then from the calling thread; done is 0 while another process works.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

struct Sample {
  std::string file;         ///< its path; empty for synthetic scenes
  std::uint64_t index = 0;  ///< of the scene, for synthetic ones; of ToyADMOS' recording, by which its noise is drawn
  std::int32_t label = 0;
};

/// Files that cannot be used, counted and listed, never silently dropped.
struct Problem {
  std::filesystem::path file;
  std::string reason;
};

struct Sound;

class Dataset {
 public:
  virtual ~Dataset() = default;
  const std::vector<std::string>& classes() const { return classes_; }
  /// Of precision, recall and F1; without a meaning where there are more than two classes, whose averages these are.
  int positive_class() const { return positive_; }
  const std::vector<Sample>& samples(Split split) const { return samples_[static_cast<int>(split)]; }
  const std::vector<Problem>& problems() const { return problems_; }
  /// All files: samples and problems.
  std::int64_t files() const {
    std::size_t count = problems_.size();
    for (const auto& samples : samples_) count += samples.size();
    return static_cast<std::int64_t>(count);
  }
  /// What was decided for lack of a setting, a line each, for the log: that validation images were taken from train.
  const std::vector<std::string>& notes() const { return notes_; }

  /// The pixels of a sample: interleaved 8-bit, 1 or 3 channels, upright (EXIF). `shorter_side` > 0 allows decoding
  /// at a reduced scale as long as the shorter side stays at least that long. Thread-safe. Throws Error.
  /// `remark`: what was wrong with a file of which every pixel could be read all the same; else empty.
  struct Pixels {
    std::vector<std::uint8_t> data;
    int width = 0, height = 0, channels = 3;
    std::string remark = {};
  };
  virtual Pixels decode(const Sample& sample, int shorter_side = 0) const = 0;

  /// What a recording sounds like. Thread-safe. Throws Error, of a data set of images always.
  virtual Sound sound(const Sample& sample) const;

  /// Names the classes, the samples in their order, and what they hold, wherever the files lie and however old they are.
  virtual std::uint64_t fingerprint() const = 0;

 protected:
  std::vector<std::string> classes_;
  int positive_ = 1;
  std::vector<Sample> samples_[3];
  std::vector<Problem> problems_;
  std::vector<std::string> notes_;
};

/// Lists the dataset and hashes its files, which may take long the first time and calls progress. Throws Error that says
/// what is missing, where it was looked for and how to get it; also when more than max(1 %, 10 files) are unusable.
std::unique_ptr<Dataset> open_dataset(const DataSettings& settings, std::uint64_t seed, const Progress& progress = {});

}  // namespace danas
