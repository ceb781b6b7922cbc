#include "data/housekeeping.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <sys/stat.h>

#include "base/descriptor.hpp"

namespace danas {

namespace {

constexpr std::size_t most_examples = 3;

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

template <std::size_t count>
bool contains(const std::array<std::string_view, count>& known, const std::string& text) {
  return std::find(known.begin(), known.end(), lower_case(text)) != known.end();
}

bool is_text(unsigned char byte) { return byte >= ' ' || (byte >= '\t' && byte <= '\r'); }

}  // namespace

bool is_housekeeping(const std::string& name) {
  static constexpr std::array<std::string_view, 4> known{"__macosx", "desktop.ini", "ehthumbs.db", "thumbs.db"};
  return name.starts_with('.') || contains(known, name);
}

bool is_label_file(const std::filesystem::path& file) {
  static constexpr std::array<std::string_view, 8> known{".csv", ".json", ".md",   ".tsv",
                                                         ".txt", ".xml",  ".yaml", ".yml"};
  if (!contains(known, file.extension().string())) return false;
  // Without waiting: a pipe without a writer would keep the process for ever.
  const Descriptor from(file.c_str(), O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (from.get() < 0 || ::fstat(from.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::array<char, 512> begin;
  const ssize_t count = ::read(from.get(), begin.data(), begin.size());
  return count >= 0 && std::all_of(begin.begin(), begin.begin() + count, is_text);
}

void PassedOver::add(const std::string& name) {
  ++count_;
  if (examples_.size() <= most_examples && std::find(examples_.begin(), examples_.end(), name) == examples_.end())
    examples_.push_back(name);
}

void PassedOver::add(const std::vector<std::string>& names) {
  for (const std::string& name : names) add(name);
}

std::string PassedOver::note(const std::string& items) const {
  if (count_ == 0) return "";
  std::string text;
  for (std::size_t i = 0; i < std::min(examples_.size(), most_examples); ++i)
    text += (i == 0 ? "" : ", ") + examples_[i];
  if (examples_.size() > most_examples) text += ", …";
  return (count_ == 1 ? "1 file that is no " + items.substr(0, items.size() - 1) + " was"
                      : std::to_string(count_) + " files that are no " + items + " were") +
         " passed over (" + text + ")";
}

}  // namespace danas
