#include "support.hpp"
#include "data/resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "data/codecs.hpp"

namespace danas::test {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

fs::path real_data() {
  const char* const variable = std::getenv("DANAS_DATA");
  return variable && *variable ? fs::path(variable) : fs::path(DANAS_SOURCE_FOLDER) / ".." / "shared" / "data";
}

boost::test_tools::assertion_result has_real_data(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(fs::is_directory(real_data()));
  result.message() << "no real data at " << real_data();
  return result;
}

Dataset::Pixels smooth_pixels(int width, int height, int channels, int variant) {
  Dataset::Pixels pixels{{}, width, height, channels};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        pixels.data.push_back(static_cast<std::uint8_t>(
            std::lround(128 + 100 * std::sin(0.05 * x * (c + 1) + 0.03 * y + variant) * std::cos(0.02 * y * (c + 2)))));
  return pixels;
}

Dataset::Pixels resized(const Dataset::Pixels& pixels, int width, int height) {
  Dataset::Pixels out;
  reduce(image_of(pixels), {0, 0, pixels.width, pixels.height, false}, width, height, pixels.channels, out);
  return out;
}

void make_folders(const fs::path& root, int count) {
  int variant = 0;
  for (const char* const split : {"train", "validation", "test"})
    for (const char* const name : {"a", "b"}) {
      fs::create_directories(root / split / name);
      for (int i = 0; i < count; ++i, ++variant)
        write_png(root / split / name / (std::to_string(100 + i) + ".png"),
                  smooth_pixels(60 + 7 * (variant % 5), 50 + 3 * (variant % 7), variant % 4 ? 3 : 1, variant));
    }
}

DataSettings folder_settings(const fs::path& root, const fs::path& cache) {
  DataSettings settings;
  settings.kind = DatasetKind::folders;
  settings.path = root;
  settings.cache = CacheMode::raw;
  settings.cache_path = cache;
  return settings;
}

bool has_problem(const Dataset& dataset, const std::string& text) {
  return std::any_of(dataset.problems().begin(), dataset.problems().end(), [&](const Problem& problem) {
    return (problem.file.string() + ": " + problem.reason).find(text) != std::string::npos;
  });
}

std::size_t files_in(const fs::path& folder, const std::string& part_of_name) {
  std::size_t count = 0;
  if (!fs::exists(folder)) return 0;
  for (const auto& entry : fs::directory_iterator(folder))
    count += entry.path().filename().string().find(part_of_name) != std::string::npos;
  return count;
}

StoredImages::StoredImages(int count) {
  make_folders(folder.path() / "images", count);
  settings = folder_settings(folder.path() / "images", folder.path() / "cache");
}

std::unique_ptr<ImageStore> StoredImages::store(const Progress& progress) const {
  return std::make_unique<ImageStore>(open_dataset(settings, 1), settings, use, progress);
}

bool StoredImages::builds() const {
  bool built = false;
  store([&](std::int64_t done, std::int64_t) { built = built || done > 0; })->training({24, Color::rgb});
  return built;
}

fs::path StoredImages::cache() const {
  for (const auto& entry : fs::directory_iterator(settings.cache_path))
    if (entry.path().extension() == ".cache") return entry.path();
  return {};
}

std::string content_of(const ImageSet& set) {
  std::string all;
  std::vector<std::uint8_t> buffer;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const auto [image, label, index] = set.item(i, buffer);
    all +=
        std::to_string(image.width) + "x" + std::to_string(image.height) + "x" + std::to_string(image.channels) + ":";
    all.append(reinterpret_cast<const char*>(image.pixels),
               static_cast<std::size_t>(image.width * image.height * image.channels));
    all += static_cast<char>(label);
  }
  return all;
}

}  // namespace danas::test
