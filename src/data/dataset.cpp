#include "data/dataset.hpp"

#include "base/error.hpp"
#include "data/audio/wav.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

void check_settings(const DataSettings& settings) {
  const auto share = [](const char* key, double value) {
    if (!(value >= 0 && value < 1)) throw expected(key, "a share from 0 to below 1", std::to_string(value));
  };
  share("data.validation_share", settings.validation_share);
  share("data.test_share", settings.test_share);
  if (settings.validation_share + settings.test_share >= 1)
    throw expected("data.validation_share", "with data.test_share a sum below 1",
                   std::to_string(settings.validation_share + settings.test_share));
  if (settings.train == settings.validation || settings.train == settings.test || settings.validation == settings.test)
    throw expected("data.train", "three different splits",
                   "'" + settings.train + "', '" + settings.validation + "', '" + settings.test + "'");
}

}  // namespace

const char* split_name(Split split) {
  switch (split) {
    case Split::train: return "train";
    case Split::validation: return "validation";
    case Split::test: break;
  }
  return "test";
}

Sound Dataset::sound(const Sample&) const { throw expected("data", "a data set of sounds", "one of images"); }

std::unique_ptr<Dataset> open_dataset(const DataSettings& settings, std::uint64_t seed, const Progress& progress) {
  check_settings(settings);
  std::unique_ptr<Dataset> dataset;
  switch (settings.kind) {
    case DatasetKind::wake_vision: dataset = open_wake_vision(settings, progress); break;
    case DatasetKind::folders:
    case DatasetKind::audio_folders: dataset = open_folders(settings, seed, progress); break;
    case DatasetKind::synthetic: dataset = open_synthetic(settings, seed); break;
    case DatasetKind::toyadmos: dataset = open_toyadmos(settings, seed, progress); break;
  }
  for (const Split split : {Split::train, Split::validation, Split::test})
    if (dataset->samples(split).empty())
      throw expected("data", std::string(items_of(settings.kind)) + " in the " + split_name(split) + " split",
                     "none" + (settings.path.empty() ? "" : " in " + settings.path.string()));
  return dataset;
}

}  // namespace danas
