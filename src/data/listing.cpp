#include "data/listing.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <sys/stat.h>

#include "base/utf8.hpp"
#include "data/housekeeping.hpp"

namespace danas {

namespace {

bool is_folder(int parent, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return entry.d_type == DT_DIR;
  struct stat status {};
  return ::fstatat(parent, entry.d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Listing list_folder(const std::filesystem::path& folder) {
  Listing listing;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (open) {
    errno = 0;
    while (const dirent* const entry = ::readdir(open.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      (is_housekeeping(name)                    ? listing.housekeeping
       : is_folder(::dirfd(open.get()), *entry) ? listing.folders
                                                : listing.files)
          .push_back(name);
      errno = 0;
    }
  }
  if (errno != 0) throw Error(folder.string(), std::string("cannot list the folder: ") + std::strerror(errno));
  for (auto* const names : {&listing.folders, &listing.files, &listing.housekeeping})
    std::sort(names->begin(), names->end());
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

}  // namespace danas
