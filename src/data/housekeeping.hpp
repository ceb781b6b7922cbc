// What lies in folders of images or recordings and is none: told in one note, since it is no fault of the data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace danas {

/// Hidden files and folders, and what systems leave behind: Thumbs.db, __MACOSX.
bool is_housekeeping(const std::string& name);

/// Text in a file named like labels or descriptions: .txt, .json.
bool is_label_file(const std::filesystem::path& file);

class PassedOver {
 public:
  void add(const std::string& name);
  void add(const std::vector<std::string>& names);
  /// "37 files that are no images were passed over (Thumbs.db, …)", where "images" are looked for; empty: there was none.
  std::string note(const std::string& items) const;

 private:
  std::int64_t count_ = 0;
  std::vector<std::string> examples_;
};

}  // namespace danas
