// danas as a child process, and a folder for its files.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../temporary_folder.hpp"

namespace danas::test {

namespace fs = std::filesystem;

/// A temporary folder that files are written to.
class Scratch : public TemporaryFolder {
 public:
  /// Writes a file and its folders.
  fs::path write(const std::string& name, const std::string& content) const;
};

struct Outcome {
  int status = -1;  ///< exit status; 128 + signal where one ended it
  std::string out, err;
};

struct Setting {
  fs::path directory;                              ///< working directory, also of the captured output and of the cache
  std::map<std::string, std::string> environment;  ///< added; WAKE_VISION and DANAS_DATA are unset first
  std::size_t file_limit = 0;                      ///< RLIMIT_FSIZE in bytes; 0: none
  std::size_t stack_limit = 0;                     ///< RLIMIT_STACK in bytes: what a thread takes; 0: as it is
};

/// The built program ($DANAS_PROGRAM) with these arguments.
class Process {
 public:
  Process(const std::vector<std::string>& arguments, const Setting& setting);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool running();
  void signal(int number);
  Outcome wait();

 private:
  pid_t child_ = -1;
  bool ended_ = false;
  int raw_status_ = 0;
  fs::path out_, err_;
};

Outcome run(const std::vector<std::string>& arguments, const Setting& setting);

/// $DANAS_SOURCE: the folder of the project.
fs::path source_folder();
std::string read(const fs::path& file);
/// Content by relative path of everything below a folder.
std::map<std::string, std::string> snapshot(const fs::path& folder);

/// Status 0, one JSON object on standard output and nothing else there: that.
nlohmann::json json_of(const Outcome& outcome);

/// Status as given, nothing on standard output, and one line "danas: [..." that holds `text` on standard error.
void check_error(const Outcome& outcome, int status, const std::string& text);

}  // namespace danas::test
