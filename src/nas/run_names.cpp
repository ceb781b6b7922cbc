#include "nas/run_names.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "base/file.hpp"

namespace danas {

namespace fs = std::filesystem;

namespace {

fs::path numbered(const std::string& name, int number) {
  return runs_folder / (number == 1 ? name : name + "-" + std::to_string(number));
}

// The number of the newest run of that name; 0: there is none.
int newest_number(const std::string& name) {
  int newest = 0;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(runs_folder, code)) {
    const std::string found = entry.path().filename();
    if (found == name) newest = std::max(newest, 1);
    if (!found.starts_with(name + "-") || !entry.is_directory()) continue;
    const std::string digits = found.substr(name.size() + 1);
    const bool number = !digits.empty() && digits.size() < 9 && digits[0] != '0' &&
                        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number) newest = std::max(newest, std::stoi(digits));
  }
  return newest;
}

}  // namespace

bool is_run_name(const std::string& name) {
  const auto plain = [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) || letter == '-' || letter == '_' || letter == '.';
  };
  return !name.empty() && name.size() <= 200 && name[0] != '.' && std::all_of(name.begin(), name.end(), plain);
}

fs::path create_run_directory(const std::string& name) {
  make_folder(runs_folder);
  for (;;) {
    const fs::path directory = numbered(name, newest_number(name) + 1);
    std::error_code code;
    if (fs::create_directory(directory, code)) return directory;
    if (code) throw Error(directory.string(), "cannot create the folder: " + code.message(), Fault::failure);
  }
}

fs::path newest_run_directory(const std::string& name) {
  const int number = newest_number(name);
  if (number == 0) throw expected("--resume", "a run directory runs/" + name + " below the working directory", "none");
  return numbered(name, number);
}

}  // namespace danas
