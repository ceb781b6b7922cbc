#include "data/listing.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.hpp"
#include "data/decode.hpp"

namespace danas {

Listing list_folder(const std::filesystem::path& folder) {
  Listing listing;
  std::error_code code;
  std::filesystem::directory_iterator entry(folder, code);
  const std::filesystem::directory_iterator end;
  while (!code && entry != end) {
    std::error_code ignored;  // an entry that cannot be examined is a file that cannot be read
    if (entry->path().filename().native().front() != '.')
      (entry->is_directory(ignored) ? listing.folders : listing.files).push_back(entry->path());
    entry.increment(code);
  }
  if (code) throw Error(folder.string(), "cannot list the folder: " + code.message());
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

std::string reason_of(const Error& error, const std::filesystem::path& file) {
  const std::string message = error.what(), where = "[" + shortened(file.string()) + "] ";
  return message.starts_with(where) ? message.substr(where.size()) : message;
}

void check_problems(const std::vector<Problem>& problems, std::int64_t total) {
  const std::int64_t most = std::max<std::int64_t>(total / 100, 10), count = static_cast<std::int64_t>(problems.size());
  if (count <= most) return;
  throw expected("data", "at most " + std::to_string(most) + " unusable files of " + std::to_string(total),
                 std::to_string(count) + "; the first is " + problems.front().file.string() + ": " +
                     problems.front().reason);
}

void Fingerprint::add_bytes(const void* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    hash_ = (hash_ ^ static_cast<const unsigned char*>(bytes)[i]) * 0x100000001B3u;
}

void Fingerprint::add(std::string_view text) {
  add(std::uint64_t{text.size()});
  add_bytes(text.data(), text.size());
}

void Fingerprint::add(std::uint64_t number) { add_bytes(&number, sizeof number); }

void Fingerprint::add_file(const std::filesystem::path& file) {
  struct stat status {};
  // Without permission it is no part of the content, so that a cache is built anew once there is permission.
  if (::stat(file.c_str(), &status) != 0 || ::access(file.c_str(), R_OK) != 0)
    throw Error(file.string(), std::string("cannot read: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw expected(file.string(), "a file", "something else");
  add(file.native());
  add(static_cast<std::uint64_t>(status.st_size));
  add(static_cast<std::uint64_t>(status.st_mtim.tv_sec));
  add(static_cast<std::uint64_t>(status.st_mtim.tv_nsec));
}

Dataset::Pixels FileDataset::decode(const Sample& sample, int shorter_side) const {
  return decode_image(sample.file, shorter_side);
}

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
}

void FileDataset::finish() {
  Fingerprint fingerprint;
  for (const std::string& name : classes_) fingerprint.add(name);
  std::int64_t total = static_cast<std::int64_t>(problems_.size());
  for (std::vector<Sample>& samples : samples_) {
    fingerprint.add(std::uint64_t{samples.size()});
    std::erase_if(samples, [&](const Sample& sample) {
      Fingerprint one;
      try {
        one.add_file(sample.file);
      } catch (const Error& error) {
        problems_.push_back({sample.file, reason_of(error, sample.file)});
        return true;
      }
      fingerprint.add(one.value());
      fingerprint.add(static_cast<std::uint64_t>(sample.label));
      return false;
    });
    total += static_cast<std::int64_t>(samples.size());
  }
  fingerprint_ = fingerprint.value();
  check_problems(problems_, total);
  check_classes();
}

void FileDataset::check_classes() {
  for (std::size_t label = 0; label < classes_.size(); ++label) {
    if (!is_printable_utf8(classes_[label]))
      throw expected("data", "class names in UTF-8 without control characters", "'" + classes_[label] + "'");
    for (const Split part : {Split::train, Split::validation, Split::test}) {
      const std::vector<Sample>& samples = split(part);
      const auto in_class = [&](const Sample& sample) { return sample.label == static_cast<std::int32_t>(label); };
      if (samples.empty() || std::any_of(samples.begin(), samples.end(), in_class)) continue;
      if (part == Split::train) throw expected("data", "training images of class " + classes_[label], "none");
      notes_.push_back(std::string("no images of class ") + classes_[label] + " in " + split_name(part));
    }
  }
}

}  // namespace danas
