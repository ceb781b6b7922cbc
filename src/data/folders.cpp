// Class folders of images or of recordings: SPLIT/CLASS/*, or CLASS/* with a seeded stratified split.
#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/error.hpp"
#include "data/audio/wav.hpp"
#include "data/codecs.hpp"
#include "data/file_dataset.hpp"
#include "data/housekeeping.hpp"
#include "data/listing.hpp"
#include "data/stratified_split.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

// What the files of a kind of data set are, and what they are called.
struct FileKind {
  bool (*named)(const fs::path&);
  std::string items, formats;
};

FileKind file_kind(const DataSettings& settings) {
  const std::string items = items_of(settings.kind);
  if (holds_sounds(settings.kind)) return {has_wav_extension, items, "a WAV recording"};
  return {has_image_extension, items, "a JPEG, PNG, BMP or WebP image"};
}

class Folders : public FileDataset {
 public:
  Folders(const DataSettings& settings, std::uint64_t seed, const Progress& progress)
      : settings_(settings), seed_(seed), files_(file_kind(settings)) {
    std::error_code ignored;
    if (!fs::is_directory(settings.path, ignored))
      throw expected("data.path", "a folder with a folder of " + files_.items + " for each class",
                     (settings.path.empty() ? "no path" : "nothing at " + settings.path.string()) +
                         "; set data.path, or the variable in it, to your " + files_.items);
    list();
    for (std::vector<Sample>& samples : samples_)
      std::sort(samples.begin(), samples.end(),
                [](const Sample& a, const Sample& b) { return std::tie(a.label, a.file) < std::tie(b.label, b.file); });
    choose_positive(settings.positive);
    if (const std::string note = passed_over_.note(files_.items); !note.empty()) notes_.push_back(note);
    finish(settings, progress);
  }

 private:
  void list() {
    const fs::path train = settings_.path / settings_.train;
    std::error_code ignored;
    const bool has_train = fs::is_directory(train, ignored);
    const Listing root = list_folder(settings_.path);
    if (has_train && !list_folder(train).folders.empty()) return with_splits(root, train);
    if (has_train &&
        std::all_of(root.folders.begin(), root.folders.end(), [&](const auto& name) { return is_split(name); }))
      throw without_classes(settings_.train, loose_files(train), "");
    without_splits(root);
    notes_.push_back((has_train ? settings_.train + " holds no class folders and is taken for a class"
                                : "no folder " + settings_.train) +
                     ": the " + files_.items + " were split into train, validation and test by seed");
  }

  bool is_split(const std::string& name) const {
    return name == settings_.train || name == settings_.validation || name == settings_.test || name == "val" ||
           name == "valid";
  }

  std::vector<std::string> loose_files(const fs::path& folder) const {
    std::vector<std::string> names = list_folder(folder).files;
    std::erase_if(names, [&](const std::string& name) { return !files_.named(name); });
    return names;
  }

  Error without_classes(const std::string& split, const std::vector<std::string>& loose,
                        const std::string& advice) const {
    const std::string names[2] = {classes_.empty() ? "cat" : classes_.front(), classes_.empty() ? "dog" : classes_[1]};
    return expected((settings_.path / split).string(),
                    "a folder of " + files_.items + " for each class, as " + split + "/" + names[0] + " and " + split +
                        "/" + names[1],
                    loose.empty() ? "none"
                                  : std::to_string(loose.size()) + " " + files_.items +
                                        " that lie loose, for example " + loose.front() + advice);
  }

  void find_classes(const fs::path& folder, const Listing& listing) {
    classes_ = listing.folders;
    if (classes_.size() < 2)
      throw expected(folder.string(), "at least two class folders", std::to_string(classes_.size()));
  }

  std::vector<Sample> list_class(const fs::path& folder, std::size_t label) {
    std::vector<Sample> samples;
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) return samples;
    const Listing listing = list_folder(folder);
    passed_over_.add(listing.housekeeping);
    for (const std::string& name : listing.folders) report_nested(folder / name);
    for (const std::string& name : listing.files) {
      if (files_.named(name)) samples.push_back({folder.string() + "/" + name, 0, static_cast<int>(label)});
      else report_other(folder / name, "not named like " + files_.formats);
    }
    return samples;
  }

  void report_other(const fs::path& file, const std::string& reason) {
    if (!files_.named(file) && is_label_file(file)) passed_over_.add(file.filename().string());
    else problems_.push_back({file, reason});
  }

  // Every file counts, so that a forgotten level of folders ends in an error and not in a small dataset. Links are not
  // followed: they may lead back.
  void report_nested(const fs::path& folder) {
    const std::size_t before = problems_.size();
    if (!fs::is_symlink(folder)) {
      const Listing listing = list_folder(folder);
      passed_over_.add(listing.housekeeping);
      for (const std::string& name : listing.files) report_other(folder / name, "in a folder within a class folder");
      for (const std::string& name : listing.folders) report_nested(folder / name);
    }
    if (problems_.size() == before) problems_.push_back({folder, "a folder within a class folder"});
  }

  void without_splits(const Listing& root) {
    find_classes(settings_.path, root);
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      deal_class(list_class(settings_.path / classes_[i], i), seed_, settings_.validation_share, settings_.test_share,
                 samples_);
    }
    report_root(root);
  }

  void with_splits(const Listing& root, const fs::path& train) {
    find_classes(train, list_folder(train));
    std::error_code ignored;
    const bool has_validation = fs::is_directory(settings_.path / settings_.validation, ignored);
    const bool has_test = fs::is_directory(settings_.path / settings_.test, ignored);
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      deal_class(list_class(train / classes_[i], i), seed_, has_validation ? 0 : settings_.validation_share,
                 has_test ? 0 : settings_.test_share, samples_);
    }
    report_loose_files(train);
    if (has_validation) list_split(settings_.validation, Split::validation);
    else note_taken(settings_.validation);
    if (has_test) list_split(settings_.test, Split::test);
    else note_taken(settings_.test);
    report_root(root);
    for (const std::string& name : root.folders) note_unless_split(name);
  }

  void note_taken(const std::string& name) {
    notes_.push_back("no folder " + name + ": its " + files_.items + " were taken from " + settings_.train +
                     " by seed");
  }

  void note_unless_split(const std::string& name) {
    if (name == settings_.train || name == settings_.validation || name == settings_.test) return;
    notes_.push_back("the folder " + name + " is none of " + settings_.train + ", " + settings_.validation + " and " +
                     settings_.test + ": not used");
  }

  // Beside the folders other files are at home: a README, a license.
  void report_root(const Listing& root) {
    passed_over_.add(root.housekeeping);
    for (const std::string& name : root.files)
      if (files_.named(name)) problems_.push_back({settings_.path / name, "not in a class folder"});
  }

  void report_loose_files(const fs::path& folder) {
    const Listing listing = list_folder(folder);
    passed_over_.add(listing.housekeeping);
    for (const std::string& name : listing.files) report_other(folder / name, "not in a class folder");
  }

  void list_split(const std::string& name, Split to) {
    const fs::path folder = settings_.path / name;
    for (const std::string& entry : list_folder(folder).folders)
      if (std::find(classes_.begin(), classes_.end(), entry) == classes_.end())
        throw expected((folder / entry).string(), "a class that " + settings_.train + " has too", "a new one");
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      std::vector<Sample> samples = list_class(folder / classes_[i], i);
      std::move(samples.begin(), samples.end(), std::back_inserter(split(to)));
    }
    const std::vector<std::string> loose = loose_files(folder);
    if (split(to).empty() && !loose.empty())
      throw without_classes(name, loose,
                            "; where data." + std::string(split_name(to)) + " names no folder, " + files_.items +
                                " are taken from " + settings_.train);
    report_loose_files(folder);
  }

  const DataSettings& settings_;
  std::uint64_t seed_;
  FileKind files_;
  PassedOver passed_over_;
};

}  // namespace

std::unique_ptr<Dataset> open_folders(const DataSettings& settings, std::uint64_t seed, const Progress& progress) {
  return std::make_unique<Folders>(settings, seed, progress);
}

}  // namespace danas
