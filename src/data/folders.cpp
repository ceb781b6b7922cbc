// Class folders: SPLIT/CLASS/*, or CLASS/* with a seeded stratified split.
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/random.hpp"
#include "data/codecs.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

class Folders : public FileDataset {
 public:
  Folders(const DataSettings& settings, std::uint64_t seed) : settings_(settings), seed_(seed) {
    std::error_code ignored;
    if (!fs::is_directory(settings.path, ignored))
      throw expected("data.path", "a folder with a folder of images for each class",
                     (settings.path.empty() ? "no path" : "nothing at " + settings.path.string()) +
                         "; set data.path, or the variable in it, to your images");
    const fs::path train = settings.path / settings.train;
    const bool has_splits = fs::is_directory(train, ignored) && !list_folder(train).folders.empty();
    has_splits ? with_splits(train) : without_splits();
    for (std::vector<Sample>& samples : samples_)
      std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.file < b.file; });
    choose_positive(settings.positive);
    finish();
  }

 private:
  void find_classes(const fs::path& folder) {
    for (const fs::path& entry : list_folder(folder).folders) classes_.push_back(entry.filename().string());
    if (classes_.size() < 2)
      throw expected(folder.string(), "at least two class folders", std::to_string(classes_.size()));
  }

  std::vector<Sample> list_class(const fs::path& folder, std::int32_t label) {
    std::vector<Sample> samples;
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) return samples;
    const Listing listing = list_folder(folder);
    for (const fs::path& entry : listing.folders) report_nested(entry);
    for (const fs::path& file : listing.files) {
      if (has_image_extension(file)) samples.push_back({file, 0, label});
      else problems_.push_back({file, "not named like a JPEG, PNG, BMP or WebP image"});
    }
    return samples;
  }

  // Every image counts, so that a forgotten level of folders ends in an error and not in a small dataset. Links are not
  // followed: they may lead back.
  void report_nested(const fs::path& folder) {
    const std::size_t before = problems_.size();
    if (!fs::is_symlink(folder)) {
      const Listing listing = list_folder(folder);
      for (const fs::path& file : listing.files)
        if (has_image_extension(file)) problems_.push_back({file, "in a folder within a class folder"});
      for (const fs::path& entry : listing.folders) report_nested(entry);
    }
    if (problems_.size() == before) problems_.push_back({folder, "a folder within a class folder"});
  }

  void without_splits() {
    find_classes(settings_.path);
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      std::vector<Sample> samples = list_class(settings_.path / classes_[i], static_cast<std::int32_t>(i));
      deal(samples, i, settings_.validation_share, settings_.test_share);
    }
    notes_.push_back("no folder " + settings_.train +
                     ": the images were split into train, validation and test by seed");
    report_root_images();
  }

  void with_splits(const fs::path& train) {
    find_classes(train);
    std::error_code ignored;
    const bool has_validation = fs::is_directory(settings_.path / settings_.validation, ignored);
    const bool has_test = fs::is_directory(settings_.path / settings_.test, ignored);
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      std::vector<Sample> samples = list_class(train / classes_[i], static_cast<std::int32_t>(i));
      deal(samples, i, has_validation ? 0 : settings_.validation_share, has_test ? 0 : settings_.test_share);
    }
    report_loose_files(train);
    if (has_validation) list_split(settings_.validation, Split::validation);
    else note_taken(settings_.validation);
    if (has_test) list_split(settings_.test, Split::test);
    else note_taken(settings_.test);
    report_root_images();
    for (const fs::path& entry : list_folder(settings_.path).folders) note_unless_split(entry);
  }

  void note_taken(const std::string& name) {
    notes_.push_back("no folder " + name + ": its images were taken from " + settings_.train + " by seed");
  }

  void note_unless_split(const fs::path& folder) {
    const std::string name = folder.filename().string();
    if (name == settings_.train || name == settings_.validation || name == settings_.test) return;
    notes_.push_back("the folder " + name + " is none of " + settings_.train + ", " + settings_.validation + " and " +
                     settings_.test + ": not used");
  }

  // Beside the folders other files are at home: a README, a license.
  void report_root_images() {
    for (const fs::path& file : list_folder(settings_.path).files)
      if (has_image_extension(file)) problems_.push_back({file, "not in a class folder"});
  }

  void report_loose_files(const fs::path& folder) {
    for (const fs::path& file : list_folder(folder).files) problems_.push_back({file, "not in a class folder"});
  }

  void list_split(const std::string& name, Split to) {
    const fs::path folder = settings_.path / name;
    for (const fs::path& entry : list_folder(folder).folders)
      if (std::find(classes_.begin(), classes_.end(), entry.filename().string()) == classes_.end())
        throw expected(entry.string(), "a class that " + settings_.train + " has too", "a new one");
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      const std::vector<Sample> samples = list_class(folder / classes_[i], static_cast<std::int32_t>(i));
      split(to).insert(split(to).end(), samples.begin(), samples.end());
    }
    report_loose_files(folder);
  }

  // Shuffles the images of a class and deals out the shares; the rest is for training.
  void deal(std::vector<Sample>& samples, std::size_t label, double validation_share, double test_share) {
    Random random(seed_, "split", label);
    random.shuffle(samples);
    const auto count = [&](double share) {
      return static_cast<std::size_t>(std::llround(share * static_cast<double>(samples.size())));
    };
    const std::size_t validation = count(validation_share);
    const std::size_t test = std::min(count(test_share), samples.size() - validation);
    for (std::size_t i = 0; i < samples.size(); ++i)
      split(i < validation ? Split::validation : i < validation + test ? Split::test : Split::train)
          .push_back(samples[i]);
  }

  const DataSettings& settings_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Dataset> open_folders(const DataSettings& settings, std::uint64_t seed) {
  return std::make_unique<Folders>(settings, seed);
}

}  // namespace danas
