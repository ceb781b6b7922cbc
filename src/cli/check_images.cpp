#include "cli/check_images.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/cpus.hpp"
#include "base/error.hpp"
#include "base/stopwatch.hpp"
#include "base/units.hpp"
#include "data/resize.hpp"
#include "tensor/tensor.hpp"

namespace danas {
namespace {

constexpr double measured_seconds = 0.2;
constexpr std::size_t most_sampled = 32;

/// How often a second `body` can be called with i = 0, 1, …
template <class Body>
double calls_per_second(Body&& body) {
  const Stopwatch stopwatch;
  double elapsed = 0;
  std::int64_t calls = 0;
  while (elapsed < measured_seconds) {
    body(static_cast<std::size_t>(calls++));
    elapsed = stopwatch.seconds();
  }
  return static_cast<double>(calls) / elapsed;
}

/// Images/s of one thread from one training set.
struct Rates {
  double decoding = 0, cropping = 0;
};

Rates measure(const Dataset& dataset, const DataConfiguration& data, const Preparation& preparation,
              double crop_min_area) {
  const auto& samples = dataset.samples(Split::train);
  std::vector<Sample> readable;
  std::vector<Dataset::Pixels> level;
  for (std::size_t i = 0; i < std::min(most_sampled, samples.size()); ++i) {
    const Sample& sample = samples[i * samples.size() / std::min(most_sampled, samples.size())];
    try {
      preparation.apply(dataset, sample, level.emplace_back());
      readable.push_back(sample);
    } catch (const Error& error) {
      if (error.fault() != Fault::input) throw;  // unusable files are counted elsewhere
      level.pop_back();
    }
  }
  if (readable.empty()) return {};
  Rates rates;
  Dataset::Pixels pixels;
  rates.decoding =
      calls_per_second([&](std::size_t i) { preparation.apply(dataset, readable[i % readable.size()], pixels); });
  const Extent input = data.input();
  const Tensor out(serial_backend(), 1, input.height, input.width, data.image() != nullptr ? 3 : input.channels);
  rates.cropping = calls_per_second([&](std::size_t i) {
    const Image image = image_of(level[i % level.size()]);
    const Crop crop = preparation.training_view(image, crop_min_area, 1, static_cast<std::int64_t>(i), 0);
    serial_backend().augment({&image, 1}, {&crop, 1}, out.view());
  });
  return rates;
}

void print_rates(const DataConfiguration& data, const char* items, const Rates& rates, CacheMode mode, double trained,
                 int cpus) {
  const double cropped = rates.cropping * cpus;
  const double decoded = 1 / (1 / (rates.decoding * cpus) + 1 / cropped);
  const double delivered = mode == CacheMode::none ? decoded : cropped;
  const char* const from = mode == CacheMode::none ? "decoding delivers" : "the cache delivers";
  fmt::print("{:<22} {}: training takes {:.0f} {}/s, {} {:.0f}", "", data.text(), trained, items, from, delivered);
  if (delivered >= trained) fmt::print(": training binds\n");
  else if (mode == CacheMode::none && cropped >= trained)
    fmt::print(": decoding binds; a cache would deliver {:.0f} (data.cache = \"raw\" or \"jpeg\")\n", cropped);
  else fmt::print(": the images bind; more CPUs or a lower resolution would help\n");
}

}  // namespace

void print_images(const Experiment& experiment, const ImageStore& store,
                  const std::function<double(const DataConfiguration&)>& trained) {
  struct TrainingSet {
    CacheMode mode;
    Rates rates;
  };
  std::map<std::string, TrainingSet> sets;  // by label: colors share their images
  std::uint64_t sum = 0;
  const char* title = "cache";
  for (const DataConfiguration& data : experiment.space.data_configurations()) {
    const Preparation preparation = store.training_preparation(data);
    if (sets.contains(preparation.label())) continue;
    const std::vector<ImageStore::Cache> plans = store.plans(data);
    for (const ImageStore::Cache& cache : plans) {
      sum += cache.plan.bytes;
      fmt::print("{:<22} {}\n", std::exchange(title, ""), cache.text());
    }
    sets[preparation.label()] = {plans.front().plan.mode,
                                 measure(store.dataset(), data, preparation, experiment.data.crop_min_area)};
  }
  fmt::print("{:<22} {} of disk in all\n", "", mib_text(static_cast<double>(sum)));
  const int cpus = usable_cpus();
  fmt::print("{:<22} with {} CPUs, measured on a sample\n", fmt::format("{}/s", store.items()), cpus);
  for (const DataConfiguration& data : experiment.space.data_configurations()) {
    const TrainingSet& set = sets.at(store.training_preparation(data).label());
    print_rates(data, store.items(), set.rates, set.mode, trained(data), cpus);
  }
}

}  // namespace danas
