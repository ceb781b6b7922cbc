#include "cli/measure_data.hpp"

#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <unistd.h>
#include <vector>

#include "base/cpus.hpp"
#include "base/error.hpp"
#include "base/stopwatch.hpp"
#include "base/thread_pool.hpp"
#include "data/codecs.hpp"
#include "data/image_store.hpp"
#include "data/loader.hpp"
#include "data/resize.hpp"
#include "data/scene.hpp"

namespace danas {
namespace {

namespace fs = std::filesystem;

constexpr int width = 640, height = 480, quality = 90, photographs = 64;

/// Synthetic scenes as a camera would store them.
class Photographs : public Dataset {
 public:
  Photographs() : files_(photographs) {
    classes_ = {"no person", "person"};
    for (int i = 0; i < photographs; ++i) {
      const Pixels scene = render_scene(width, i % 2 == 1, Random(1, "photograph", static_cast<std::uint64_t>(i)));
      Pixels pixels;
      reduce(image_of(scene), {0, (width - height) / 2, width, height, false}, width, height, 3, pixels);
      encode_jpeg(pixels, quality, files_[static_cast<std::size_t>(i)]);
      samples_[0].push_back({{}, static_cast<std::uint64_t>(i), i % 2});
    }
  }

  Pixels decode(const Sample& sample, int shorter_side) const override {
    return decode_bytes(std::as_bytes(std::span(files_[sample.index])), shorter_side, "photograph");
  }
  std::uint64_t fingerprint() const override { return 1; }

 private:
  std::vector<std::vector<std::uint8_t>> files_;
};

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(fs::temp_directory_path() / fmt::format("danas-bench-{}", ::getpid())) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Passes of `images` each until the time is up; the first one warms up.
template <class Pass>
double images_per_second(int images, double seconds, Pass&& pass) {
  pass();
  const Stopwatch stopwatch;
  std::int64_t count = 0;
  do {
    pass();
    count += images;
  } while (stopwatch.seconds() < seconds);
  return static_cast<double>(count) / stopwatch.seconds();
}

}  // namespace

double measure_decoding(const DataConfiguration& data, int threads, double seconds) {
  const Photographs dataset;
  const Preparation preparation = Preparation::training(data, DataSettings().crop_min_area);
  std::vector<Dataset::Pixels> levels(photographs);
  ThreadPool pool(threads > 0 ? threads : usable_cpus());
  return images_per_second(photographs, seconds, [&] {
    pool.run(photographs, [&](std::int64_t i, int) {
      const auto place = static_cast<std::size_t>(i);
      preparation.apply(dataset, dataset.samples(Split::train)[place], levels[place]);
    });
  });
}

double measure_loading(const DataConfiguration& data, int batch, int threads, double seconds) {
  const TemporaryFolder folder;
  DataSettings settings;
  settings.cache = CacheMode::raw;
  settings.cache_path = folder.path();
  const ImageStore store(std::make_shared<Photographs>(), settings, {});
  const int workers = threads > 0 ? threads : usable_cpus();
  TrainingLoader loader(store.training(data), data.input(), batch, settings.crop_min_area, 1, 0, {workers, workers});
  return images_per_second(batch, seconds, [&] { loader.next(); });
}

}  // namespace danas
