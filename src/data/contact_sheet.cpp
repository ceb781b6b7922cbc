#include "data/contact_sheet.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/random.hpp"
#include "data/codecs.hpp"
#include "data/preparation.hpp"
#include "data/resize.hpp"

namespace danas {

namespace {

constexpr std::size_t images_a_half = 5, columns = 2 * images_a_half;
constexpr int border = 4, least_cell = 128, sound_cell = 256;

// What the columns show, chosen once so that rows can be compared; what cannot be read is passed over.
std::vector<Sample> choose_samples(const Dataset& dataset, const Preparation& preparation, std::size_t count,
                                   std::uint64_t seed) {
  constexpr int most_tries = 100;
  const std::vector<Sample>& samples = dataset.samples(Split::train);
  Random random(seed, "contact sheet");
  std::vector<Sample> chosen;
  Dataset::Pixels pixels;
  for (int i = 0; i < most_tries && chosen.size() < count && !samples.empty(); ++i) {
    const Sample& sample = samples[random.below(samples.size())];
    try {
      preparation.apply(dataset, sample, pixels);
      chosen.push_back(sample);
    } catch (const Error& error) {
      if (error.fault() != Fault::input) throw;
    }
  }
  if (chosen.size() < count) throw expected("data", "training samples to show", "none that can be read");
  return chosen;
}

// What a network takes from a prepared image; of a sound with the high frequencies above.
Dataset::Pixels seen(const Dataset::Pixels& prepared, const Crop& crop, const DataConfiguration& data) {
  Dataset::Pixels pixels;
  const Extent input = data.input();
  reduce(image_of(prepared), crop, input.width, input.height, input.channels, pixels);
  if (data.sound() != nullptr) {
    std::reverse(pixels.data.begin(), pixels.data.end());
    for (auto row = pixels.data.begin(); row != pixels.data.end(); row += input.width)
      std::reverse(row, row + input.width);
  }
  return pixels;
}

class Sheet {
 public:
  Sheet(int cell, int rows) : cell_(cell) {
    pixels_.width = static_cast<int>(columns) * (cell + border) + 3 * border;
    pixels_.height = rows * (cell + border) + border;
    pixels_.data.assign(3 * static_cast<std::size_t>(pixels_.width) * static_cast<std::size_t>(pixels_.height), 255);
  }

  /// `column` from 0; those of the right half stand a little apart.
  void paste(int column, int row, const Dataset::Pixels& image) {
    const int left = border + column * (cell_ + border) + (column >= static_cast<int>(images_a_half) ? border : 0);
    const int top = border + row * (cell_ + border);
    for (int y = 0; y < cell_; ++y) {
      for (int x = 0; x < cell_; ++x) {
        const int from = (y * image.height / cell_ * image.width + x * image.width / cell_) * image.channels;
        const std::size_t to = 3 * (static_cast<std::size_t>(top + y) * static_cast<std::size_t>(pixels_.width) +
                                    static_cast<std::size_t>(left + x));
        for (int c = 0; c < 3; ++c)
          pixels_.data[to + static_cast<std::size_t>(c)] =
              image.data[static_cast<std::size_t>(from + (image.channels == 3 ? c : 0))];
      }
    }
  }

  const Dataset::Pixels& pixels() const { return pixels_; }

 private:
  int cell_;
  Dataset::Pixels pixels_;
};

}  // namespace

void write_contact_sheet(const Dataset& dataset, const std::vector<DataConfiguration>& configurations,
                         double crop_min_area, bool bilinear, std::uint64_t seed, const std::filesystem::path& png) {
  if (configurations.empty()) throw expected("preview", "at least one data configuration", "none");
  const bool sounds = configurations.front().sound() != nullptr;
  const std::vector<Sample> chosen =
      choose_samples(dataset, Preparation::evaluation(configurations.front()), sounds ? columns : images_a_half, seed);
  int cell = sounds ? sound_cell : least_cell;
  for (const DataConfiguration& data : configurations)
    if (!sounds) cell = std::max(cell, data.input().height);
  Sheet sheet(cell, static_cast<int>(configurations.size()));
  Dataset::Pixels prepared;
  int row = 0;
  for (const DataConfiguration& data : configurations) {
    const Preparation evaluation = Preparation::evaluation(data);
    Preparation training = Preparation::training(data, crop_min_area);
    training.bilinear = bilinear;
    for (std::size_t column = 0; column < columns; ++column) {
      const bool by_training = column >= images_a_half;
      const std::size_t place = column % chosen.size();
      const Preparation& preparation = by_training ? training : evaluation;
      preparation.apply(dataset, chosen[place], prepared);
      const Image image = image_of(prepared);
      const auto position = static_cast<std::int64_t>(place);
      const Crop crop = by_training ? training.training_view(image, crop_min_area, seed, 0, position) : whole(image);
      sheet.paste(static_cast<int>(column), row, seen(prepared, crop, data));
    }
    ++row;
  }
  write_png(png, sheet.pixels());
}

}  // namespace danas
