// What the kinds of datasets share: sorted listings, limits, fingerprints, seeded splits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "data/dataset.hpp"

namespace danas {

/// Entries of a folder, without hidden ones, sorted by name (bytes). Throws Error naming the folder.
struct Listing { std::vector<std::filesystem::path> folders, files; };
Listing list_folder(const std::filesystem::path& folder);

/// What an Error about a file says, without the name of the file.
std::string reason_of(const Error& error, const std::filesystem::path& file);

/// More unusable files than max(1 % of all, 10) end with an Error that names the first.
void check_problems(const std::vector<Problem>& problems, std::int64_t total);

/// A running 64-bit hash (FNV-1a) of what identifies content.
class Fingerprint {
 public:
  void add(std::string_view text);       ///< length first, so that no two sequences of texts are the same
  void add(std::uint64_t number);
  /// Name, size and time of a file. Throws Error naming it where it cannot be read.
  void add_file(const std::filesystem::path& file);
  std::uint64_t value() const { return hash_; }

 private:
  void add_bytes(const void* bytes, std::size_t count);
  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

/// A dataset whose samples are files.
class FileDataset : public Dataset {
 public:
  Pixels decode(const Sample& sample, int shorter_side = 0) const override;
  std::uint64_t fingerprint() const override { return fingerprint_; }

 protected:
  std::vector<Sample>& split(Split split) { return samples_[static_cast<int>(split)]; }
  /// Sets the positive class by name (empty: the last). Throws Error naming the known ones.
  void choose_positive(const std::string& name);
  /// To be called once everything is listed: drops what is no readable file, checks that problems are few and that
  /// every class can be trained.
  void finish();

 private:
  void check_classes();

  std::uint64_t fingerprint_ = 0;
};

std::unique_ptr<Dataset> open_wake_vision(const DataSettings& settings);
std::unique_ptr<Dataset> open_folders(const DataSettings& settings, std::uint64_t seed);
std::unique_ptr<Dataset> open_synthetic(const DataSettings& settings, std::uint64_t seed);

}  // namespace danas
