// Data configurations: what a network is shown of an image or of a sound. Half of what a search chooses.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "base/names.hpp"
#include "tensor/extent.hpp"

namespace danas {

enum class Color { monochrome, rgb };
template <>
inline constexpr std::array names<Color>{"monochrome", "rgb"};

std::string_view color_name(Color color);  ///< "monochrome", "rgb"
Color parse_color(std::string_view name);  ///< throws Error

/// Of an image: a square.
struct ImageView {
  int resolution = 96;  ///< pixels of its side
  Color color = Color::rgb;

  auto operator<=>(const ImageView&) const = default;
};

enum class AudioFeature { spectrogram, mel, mfcc };
template <>
inline constexpr std::array names<AudioFeature>{"spectrogram", "mel", "mfcc"};

/// Of a sound: so much of it at this rate, as a monochrome image of a feature (audio/features.hpp) over time.
struct SoundView {
  static constexpr int usual_milliseconds = 10'000;

  int rate = 6000;  ///< samples a second
  AudioFeature feature = AudioFeature::mel;
  int milliseconds = usual_milliseconds;

  std::size_t samples() const;  ///< to the nearest
  auto operator<=>(const SoundView&) const = default;
};

struct DataConfiguration {
  std::variant<ImageView, SoundView> view;

  DataConfiguration() = default;
  DataConfiguration(int resolution, Color color) : view(ImageView{resolution, color}) {}
  DataConfiguration(const ImageView& image) : view(image) {}
  DataConfiguration(const SoundView& sound) : view(sound) {}

  /// None where it is of the other kind.
  const ImageView* image() const { return std::get_if<ImageView>(&view); }
  const SoundView* sound() const { return std::get_if<SoundView>(&view); }

  /// What the network takes in: resolution × resolution × 1 or 3, or rows of the feature × frames × 1.
  Extent input() const;
  /// "96-monochrome"; "6000-mel", and "6000-mel-2.5s" where it is not ten seconds.
  std::string text() const;
  /// Empty where it can be, else what is wrong: "a resolution from 8 to 1024".
  std::string complaint() const;
  auto operator<=>(const DataConfiguration&) const = default;
};

/// Takes a configuration off the front of a text, as text() gives it but with a comma after the number; false where there
/// is none.
bool take_data_configuration(std::string_view& text, DataConfiguration& data);

/// Names what becomes of images or sounds before a network sees them, in model files and in the keys of caches: another name
/// whenever any input changes by one bit. Images are prepared in the same way for every resolution and color.
std::string preparation_name(const DataConfiguration& data);

}  // namespace danas
