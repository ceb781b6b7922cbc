#include "data/file_dataset.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/utf8.hpp"
#include "data/audio/wav.hpp"
#include "data/decode.hpp"
#include "data/listing.hpp"

namespace danas {

Dataset::Pixels FileDataset::decode(const Sample& sample, int shorter_side) const {
  return decode_image(sample.file, shorter_side);
}

Sound FileDataset::sound(const Sample& sample) const { return read_wav(sample.file); }

void FileDataset::choose_positive(const std::string& name) {
  positive_ = static_cast<int>(classes_.size()) - 1;
  if (name.empty()) return;
  const auto found = std::find(classes_.begin(), classes_.end(), name);
  if (found == classes_.end()) {
    std::string known;
    for (const std::string& known_name : classes_) known += (known.empty() ? "'" : ", '") + known_name + "'";
    throw expected("data.positive", "one of the classes " + known, "'" + name + "'");
  }
  positive_ = static_cast<int>(found - classes_.begin());
  if (classes_.size() > 2)
    notes_.push_back("data.positive has no effect: precision, recall and F1 are averages over " +
                     std::to_string(classes_.size()) + " classes");
}

void FileDataset::finish(const DataSettings& settings, const Progress& progress,
                         const std::vector<std::string>& others) {
  std::int64_t total = 0;
  for (const std::vector<Sample>& samples : samples_) total += static_cast<std::int64_t>(samples.size());
  Fingerprint fingerprint;
  for (const std::string& name : classes_) fingerprint.add(name);
  ContentReader reader(settings, total + static_cast<std::int64_t>(others.size()), progress);
  std::vector<Sample> known;
  for (const std::string& file : others) known.push_back({file});
  for (const FileContent& content : reader.read(known)) fingerprint.add(content.hash);
  total += static_cast<std::int64_t>(problems_.size());
  for (std::vector<Sample>& samples : samples_) {
    const std::vector<FileContent> contents = reader.read(samples);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (!contents[i].reason.empty()) continue;
      fingerprint.add(reader.path_within(samples[i]));
      fingerprint.add(contents[i].bytes);
      fingerprint.add(contents[i].hash);
      fingerprint.add(static_cast<std::uint64_t>(samples[i].label));
    }
    keep_readable(samples, contents);
    fingerprint.add(std::uint64_t{samples.size()});
  }
  fingerprint_ = fingerprint.value();
  reader.remember();
  check_problems(problems_, total);
  check_classes(items_of(settings.kind));
}

void FileDataset::keep_readable(std::vector<Sample>& samples, const std::vector<FileContent>& contents) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!contents[i].reason.empty()) problems_.push_back({samples[i].file, contents[i].reason});
    else if (kept++ != i) samples[kept - 1] = std::move(samples[i]);
  }
  samples.resize(kept);
}

void FileDataset::check_classes(const char* items) {
  for (std::size_t label = 0; label < classes_.size(); ++label) {
    if (!is_printable_utf8(classes_[label]))
      throw expected("data", "class names in UTF-8 without control characters", "'" + classes_[label] + "'");
    for (const Split part : {Split::train, Split::validation, Split::test}) {
      const std::vector<Sample>& samples = split(part);
      const auto in_class = [&](const Sample& sample) { return sample.label == static_cast<std::int32_t>(label); };
      if (samples.empty() || std::any_of(samples.begin(), samples.end(), in_class)) continue;
      if (part == Split::train)
        throw expected("data", std::string("training ") + items + " of class " + classes_[label], "none");
      notes_.push_back(std::string("no ") + items + " of class " + classes_[label] + " in " + split_name(part) +
                       (classes_.size() > 2 ? ": left out of averages there" : ""));
    }
  }
}

}  // namespace danas
