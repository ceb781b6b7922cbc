// What a network sees, defined once: upright image, crop, area resize with exact integer weights to uint8, integer gray,
// (x − 128)/128. The last three are Backend::augment; here are the crops and what of an image is kept for them. A sound is
// an image of its feature (audio/sound_preparation.hpp), seen whole in training and evaluation alike.
// Its name in files: preparation_name() (configuration.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/audio/sound_preparation.hpp"
#include "data/configuration.hpp"
#include "data/dataset.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// The largest centered square.
Crop evaluation_crop(const Image& image);
/// Random area crop as Inception (area share in [min_area, 1], aspect in [3/4, 4/3], ten tries, then the center) and
/// mirror with probability ½, from (seed, step, position) alone.
Crop training_crop(const Image& image, double min_area, std::uint64_t seed, std::int64_t step, std::int64_t position);

/// All of an image.
Crop whole(const Image& image);

/// An upright image as evaluation shows it, into [1, resolution, resolution, 1 or 3] of the backend's memory.
void prepare_input(Backend& backend, const Dataset::Pixels& pixels, const View& input);

/// The same of a file that is in no data set, an image or a recording, into [1, height, width, channels] of the
/// configuration's input(). Throws Error naming the file.
void prepare_file(Backend& backend, const DataConfiguration& data, const std::filesystem::path& file,
                  const View& input);

/// How a decoded image is reduced before networks take their crops from it, or a sound becomes an image.
struct Preparation {
  enum class Kind { training, evaluation };

  Kind kind = Kind::evaluation;
  int side = 0;  ///< pixels of the shorter side (training) or of the square (evaluation)
  bool bilinear =
      false;  ///< a training level sampled by sample_bilinear(), as the published code; else reduced by area
  std::shared_ptr<const SoundPreparation> sound = nullptr;  ///< of sounds, whose kind is evaluation

  /// The level that training crops of a resolution are taken from: a shorter side of ⌈1.3·resolution⌉, longer where
  /// crops as small as `min_area` would have less than the resolution. Depends on the data configuration alone.
  static Preparation training(int resolution, double min_area);
  static Preparation training(const DataConfiguration& data, double min_area);  ///< of sounds as evaluation's
  /// The square of a resolution, from the full-size image: what evaluation, prediction and recalibration see.
  static Preparation evaluation(int resolution);
  static Preparation evaluation(const DataConfiguration& data);

  std::string label() const;  ///< names of image lists end with it: "125", "6000-mel"
  std::string name() const;   ///< preparation_name()

  /// Decodes a sample; 1 or 3 channels, as the file has. Thread-safe. Throws Error as Dataset::decode.
  void apply(const Dataset& dataset, const Sample& sample, Dataset::Pixels& out) const;
  /// No crop of an image that was reduced so, the whole square or training_crop(), has more bytes.
  std::size_t largest_crop_bytes() const;
  /// Of an image that was reduced so, what training shows of it.
  Crop training_view(const Image& image, double min_area, std::uint64_t seed, std::int64_t step,
                     std::int64_t position) const;
  /// Bytes of an image of that size and shape.
  std::uint64_t bytes(const Dataset::Pixels& decoded) const;
};

}  // namespace danas
