#include "data/synthetic.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/codecs.hpp"
#include "data/listing.hpp"
#include "data/scene.hpp"

namespace danas {

namespace {

constexpr std::uint64_t generator_version = 1;  // another one whenever scenes look different
constexpr const char* complete = "complete\n";  // what the marker of saved scenes holds
constexpr int split_bits = 2;                   // a sample's index holds its split in the lowest bits

}  // namespace

SyntheticDataset::SyntheticDataset(const DataSettings& settings, std::uint64_t seed)
    : images_(settings.images), size_(settings.size), seed_(seed) {
  if (images_ < 8) throw expected("data.images", "at least 8", std::to_string(images_));
  if (size_ < 16 || size_ > 1024) throw expected("data.size", "16 to 1024 pixels", std::to_string(size_));
  classes_ = {"no person", "person"};
  if (!settings.positive.empty() && settings.positive != classes_[0] && settings.positive != classes_[1])
    throw expected("data.positive", "'no person' or 'person'", "'" + settings.positive + "'");
  positive_ = settings.positive == classes_[0] ? 0 : 1;
  for (int split = 0; split < 3; ++split) {
    const int count = split == 0 ? images_ : images_ / 4;
    for (int i = 0; i < count; ++i)
      samples_[split].push_back(
          {{}, static_cast<std::uint64_t>(i) << split_bits | static_cast<unsigned>(split), i % 2});
  }
  if (!settings.save.empty()) save(settings);
}

Dataset::Pixels SyntheticDataset::decode(const Sample& sample, int) const {
  const std::uint64_t split = sample.index & ((1u << split_bits) - 1);
  return render_scene(size_, sample.label == 1, Random(seed_, "scene", split, sample.index >> split_bits));
}

std::uint64_t SyntheticDataset::fingerprint() const {
  Fingerprint fingerprint;
  fingerprint.add("synthetic");
  for (const std::uint64_t number :
       {generator_version, seed_, static_cast<std::uint64_t>(images_), static_cast<std::uint64_t>(size_)})
    fingerprint.add(number);
  return fingerprint.value();
}

// A marker file names the scenes of a folder, so that they are never mixed with others; it is empty until they are
// complete, so that an interrupted saving goes on.
void SyntheticDataset::save(const DataSettings& settings) const {
  const std::filesystem::path marker = settings.save / (".scenes-" + hash_text(fingerprint()));
  make_folder(settings.save);
  if (!std::filesystem::exists(marker)) {
    if (!std::filesystem::is_empty(settings.save))
      throw expected("data.save", "a folder that is empty or holds the scenes of these settings and this seed",
                     settings.save.string() + " with other files");
    write_file(marker, "");
  }
  if (read_file(marker) == complete) return;
  const std::string splits[3] = {settings.train, settings.validation, settings.test};
  for (int split = 0; split < 3; ++split) {
    for (const std::string& class_name : classes_) make_folder(settings.save / splits[split] / class_name);
    for (const Sample& sample : samples_[split]) {
      const std::string name = fmt::format("{:06}.png", sample.index >> split_bits);
      const std::string& class_name = classes_[static_cast<std::size_t>(sample.label)];
      write_png(settings.save / splits[split] / class_name / name, decode(sample));
    }
  }
  write_file(marker, complete);
}

std::unique_ptr<Dataset> open_synthetic(const DataSettings& settings, std::uint64_t seed) {
  return std::make_unique<SyntheticDataset>(settings, seed);
}

}  // namespace danas
