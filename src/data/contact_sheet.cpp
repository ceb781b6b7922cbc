#include "data/contact_sheet.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/random.hpp"
#include "data/codecs.hpp"
#include "data/preparation.hpp"
#include "data/resize.hpp"

namespace danas {

namespace {

constexpr std::size_t images_a_row = 5;
constexpr int border = 4, least_cell = 128;

// The images of a row, chosen once so that rows can be compared; those that cannot be read are passed over.
std::vector<Sample> choose_images(const Dataset& dataset, std::uint64_t seed) {
  constexpr int most_tries = 100;
  const std::vector<Sample>& samples = dataset.samples(Split::train);
  Random random(seed, "contact sheet");
  std::vector<Sample> chosen;
  for (int i = 0; i < most_tries && chosen.size() < images_a_row && !samples.empty(); ++i) {
    const Sample& sample = samples[random.below(samples.size())];
    try {
      dataset.decode(sample);
      chosen.push_back(sample);
    } catch (const Error& error) {
      if (error.fault() != Fault::input) throw;
    }
  }
  if (chosen.size() < images_a_row) throw expected("data", "training images to show", "none that can be read");
  return chosen;
}

// What a network takes from a prepared image.
Dataset::Pixels seen(const Dataset::Pixels& prepared, const Crop& crop, const Extent& input) {
  Dataset::Pixels pixels;
  reduce(image_of(prepared), crop, input.width, input.height, input.channels, pixels);
  return pixels;
}

class Sheet {
 public:
  Sheet(int cell, int rows) : cell_(cell) {
    pixels_.width = 2 * static_cast<int>(images_a_row) * (cell + border) + 3 * border;
    pixels_.height = rows * (cell + border) + border;
    pixels_.data.assign(3 * static_cast<std::size_t>(pixels_.width) * static_cast<std::size_t>(pixels_.height), 255);
  }

  /// `column` from 0; those of the right half stand a little apart.
  void paste(int column, int row, const Dataset::Pixels& image) {
    const int left = border + column * (cell_ + border) + (column >= static_cast<int>(images_a_row) ? border : 0);
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
  const std::vector<Sample> chosen = choose_images(dataset, seed);
  int cell = least_cell;
  for (const DataConfiguration& data : configurations) cell = std::max(cell, data.input().height);
  Sheet sheet(cell, static_cast<int>(configurations.size()));
  Dataset::Pixels prepared;
  int row = 0;
  for (const DataConfiguration& data : configurations) {
    for (int i = 0; i < static_cast<int>(images_a_row); ++i) {
      const Sample& sample = chosen[static_cast<std::size_t>(i)];
      Preparation::evaluation(data).apply(dataset, sample, prepared);
      sheet.paste(i, row, seen(prepared, evaluation_crop(image_of(prepared)), data.input()));
      Preparation training = Preparation::training(data, crop_min_area);
      training.bilinear = bilinear;
      training.apply(dataset, sample, prepared);
      const Crop crop = training_crop(image_of(prepared), crop_min_area, seed, 0, i);
      sheet.paste(static_cast<int>(images_a_row) + i, row, seen(prepared, crop, data.input()));
    }
    ++row;
  }
  write_png(png, sheet.pixels());
}

}  // namespace danas
