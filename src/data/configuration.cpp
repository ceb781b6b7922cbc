#include "data/configuration.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/error.hpp"
#include "data/audio/features.hpp"

namespace danas {

namespace {

constexpr int least_resolution = 8, most_resolution = 1024;
constexpr int least_rate = 100, most_rate = 192'000, most_frames = 4096;
constexpr double seconds_a_millisecond = 0.001;

std::string seconds_text(int milliseconds) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), milliseconds * seconds_a_millisecond,
                                 std::chars_format::fixed, milliseconds % 1000 == 0 ? 0 : 3);
  std::string text(digits.data(), end.ptr);
  while (milliseconds % 1000 != 0 && text.back() == '0') text.pop_back();
  return text + "s";
}

bool take_number(std::string_view& text, auto& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
  return true;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

template <class Enum>
bool take_name(std::string_view& text, Enum& value) {
  for (std::size_t i = 0; i < names<Enum>.size(); ++i) {
    if (!take_word(text, names<Enum>[i])) continue;
    value = static_cast<Enum>(i);
    return true;
  }
  return false;
}

// What follows the feature: nothing, or "-2.5s".
bool take_length(std::string_view& text, int& milliseconds) {
  if (!take_word(text, "-")) return true;
  double seconds = 0;
  if (!take_number(text, seconds) || !take_word(text, "s")) return false;
  if (!(seconds > 0 && seconds < 1e6)) return false;
  milliseconds = static_cast<int>(std::lround(seconds / seconds_a_millisecond));
  return true;
}

std::string range(const char* what, int least, int most) {
  return std::string(what) + " from " + std::to_string(least) + " to " + std::to_string(most);
}

std::string complaint_of(const ImageView& image) {
  const bool fits = image.resolution >= least_resolution && image.resolution <= most_resolution;
  return fits ? "" : range("a resolution", least_resolution, most_resolution);
}

std::string complaint_of(const SoundView& sound) {
  if (sound.rate < least_rate || sound.rate > most_rate) return range("a sample rate", least_rate, most_rate) + " Hz";
  if (sound.milliseconds < 1 || Spectrogram::frames(sound.samples()) > std::size_t{most_frames})
    return "sounds of 0.001 s to at most " + std::to_string(most_frames) + " frames of " +
           std::to_string(Spectrogram::hop) + " samples";
  return "";
}

}  // namespace

std::string_view color_name(Color color) { return name_of(color); }

Color parse_color(std::string_view name) {
  if (const auto color = find_named<Color>(name)) return *color;
  throw expected("color", "\"monochrome\" or \"rgb\"", "\"" + std::string(name) + "\"");
}

std::size_t SoundView::samples() const {
  return static_cast<std::size_t>((std::int64_t{rate} * milliseconds + 500) / 1000);
}

Extent DataConfiguration::input() const {
  if (const ImageView* const square = image())
    return {square->resolution, square->resolution, square->color == Color::rgb ? 3 : 1};
  const SoundView& view = *sound();
  return {static_cast<int>(feature_rows(view.feature)), static_cast<int>(Spectrogram::frames(view.samples())), 1};
}

std::string DataConfiguration::text() const {
  if (const ImageView* const square = image())
    return std::to_string(square->resolution) + "-" + std::string(color_name(square->color));
  const SoundView& view = *sound();
  const bool usual = view.milliseconds == SoundView::usual_milliseconds;
  return std::to_string(view.rate) + "-" + name_of(view.feature) + (usual ? "" : "-" + seconds_text(view.milliseconds));
}

std::string DataConfiguration::complaint() const {
  return std::visit([](const auto& each) { return complaint_of(each); }, view);
}

bool take_data_configuration(std::string_view& text, DataConfiguration& data) {
  int number = 0;
  if (!take_number(text, number) || !take_word(text, ",")) return false;
  if (Color color{}; take_name(text, color)) {
    data = {number, color};
    return true;
  }
  SoundView sound{number};
  if (!take_name(text, sound.feature) || !take_length(text, sound.milliseconds)) return false;
  data = sound;
  return true;
}

std::string preparation_name(const DataConfiguration& data) {
  return data.image() != nullptr ? "area-u8-128-1" : "sound-u8-1-" + data.text();
}

}  // namespace danas
