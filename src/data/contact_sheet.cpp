#include "data/contact_sheet.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/random.hpp"
#include "data/codecs.hpp"
#include "data/loader.hpp"
#include "data/resize.hpp"

namespace danas {

namespace {

constexpr int images_a_row = 5, border = 4;

// The images of a row, chosen once so that rows can be compared.
std::vector<std::int64_t> choose_images(const ImageStore& store, std::uint64_t seed) {
  const std::int64_t size = store.size(Split::train);
  if (size == 0) throw expected("data", "training images to show", "none");
  Random random(seed, "contact sheet");
  std::vector<std::int64_t> chosen;
  for (int i = 0; i < images_a_row; ++i)
    chosen.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size))));
  return chosen;
}

class Sheet {
 public:
  Sheet(int cell, int rows) : cell_(cell) {
    pixels_.width = 2 * images_a_row * (cell + border) + 3 * border;
    pixels_.height = rows * (cell + border) + border;
    pixels_.data.assign(3 * static_cast<std::size_t>(pixels_.width) * static_cast<std::size_t>(pixels_.height), 255);
  }

  /// `column` from 0; those of the right half stand a little apart.
  void paste(int column, int row, const Dataset::Pixels& image) {
    const int left = border + column * (cell_ + border) + (column >= images_a_row ? border : 0);
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

void write_contact_sheet(const ImageStore& store, const std::vector<int>& resolutions, const std::vector<int>& channels,
                         double crop_min_area, std::uint64_t seed, const std::filesystem::path& png) {
  if (resolutions.empty() || channels.empty()) throw expected("preview", "at least one data configuration", "none");
  const std::vector<std::int64_t> chosen = choose_images(store, seed);
  const int cell = std::max(128, *std::max_element(resolutions.begin(), resolutions.end()));
  Sheet sheet(cell, static_cast<int>(resolutions.size() * channels.size()));
  std::vector<std::uint8_t> buffer;
  Dataset::Pixels seen;
  int row = 0;
  for (const int resolution : resolutions) {
    for (const int channel_count : channels) {
      for (int i = 0; i < images_a_row; ++i) {
        const Image image = store.image(Split::train, chosen[static_cast<std::size_t>(i)], buffer);
        reduce(image, evaluation_crop(image), resolution, resolution, channel_count, seen);
        sheet.paste(i, row, seen);
        reduce(image, training_crop(image, crop_min_area, seed, 0, i), resolution, resolution, channel_count, seen);
        sheet.paste(images_a_row + i, row, seen);
      }
      ++row;
    }
  }
  write_png(png, sheet.pixels());
}

void write_contact_sheet(const ImageStore& store, const std::vector<int>& resolutions, const std::vector<int>& channels,
                         std::uint64_t seed, const std::filesystem::path& png) {
  write_contact_sheet(store, resolutions, channels, DataSettings().crop_min_area, seed, png);
}

}  // namespace danas
