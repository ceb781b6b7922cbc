#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace danas::test {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set; run by meson test");
  return value;
}

void redirect(int descriptor, const fs::path& file) {
  const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (opened < 0 || dup2(opened, descriptor) < 0) _exit(127);
}

[[noreturn]] void become(const std::string& program, std::vector<std::string> arguments, const Setting& setting,
                         const fs::path& out, const fs::path& err) {
  redirect(STDOUT_FILENO, out);
  redirect(STDERR_FILENO, err);
  unsetenv("WAKE_VISION");
  unsetenv("DANAS_DATA");
  setenv("XDG_CACHE_HOME", (setting.directory / "cache").c_str(), 1);
  for (const auto& [name, value] : setting.environment) setenv(name.c_str(), value.c_str(), 1);
  if (chdir(setting.directory.c_str()) != 0) _exit(127);
  for (const auto& [kind, bytes] :
       {std::pair(RLIMIT_FSIZE, setting.file_limit), std::pair(RLIMIT_STACK, setting.stack_limit)}) {
    const rlimit limit{bytes, bytes};
    if (bytes > 0 && setrlimit(kind, &limit) != 0) _exit(127);
  }
  arguments.insert(arguments.begin(), program);
  std::vector<char*> values;
  for (auto& argument : arguments) values.push_back(argument.data());
  values.push_back(nullptr);
  execv(program.c_str(), values.data());
  _exit(127);
}

}  // namespace

fs::path Scratch::write(const std::string& name, const std::string& content) const {
  const fs::path file = path() / name;
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

Process::Process(const std::vector<std::string>& arguments, const Setting& setting) {
  static int count = 0;
  const std::string number = std::to_string(count++);
  out_ = setting.directory / ("stdout-" + number);
  err_ = setting.directory / ("stderr-" + number);
  const std::string program = environment("DANAS_PROGRAM");
  child_ = fork();
  if (child_ < 0) throw std::runtime_error("fork failed");
  if (child_ == 0) become(program, arguments, setting, out_, err_);
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  wait();
}

bool Process::running() {
  if (!ended_) ended_ = waitpid(child_, &raw_status_, WNOHANG) == child_;
  return !ended_;
}

void Process::signal(int number) {
  if (!ended_) kill(child_, number);
}

Outcome Process::wait() {
  if (!ended_) ended_ = waitpid(child_, &raw_status_, 0) == child_;
  const int status = WIFEXITED(raw_status_) ? WEXITSTATUS(raw_status_) : 128 + WTERMSIG(raw_status_);
  return {status, read(out_), read(err_)};
}

Outcome run(const std::vector<std::string>& arguments, const Setting& setting) {
  return Process(arguments, setting).wait();
}

fs::path source_folder() { return environment("DANAS_SOURCE"); }

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

std::map<std::string, std::string> snapshot(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read(entry.path());
  }
  return files;
}

nlohmann::json json_of(const Outcome& outcome) {
  BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
  return nlohmann::json::parse(outcome.out);
}

void check_error(const Outcome& outcome, int status, const std::string& text) {
  // A build with CUDA tells its choice of a device first.
  const bool told = outcome.err.starts_with("danas: computing on ");
  const std::string error = told ? outcome.err.substr(outcome.err.find('\n') + 1) : outcome.err;
  BOOST_TEST(outcome.status == status);
  BOOST_TEST(outcome.out == "");
  BOOST_TEST(error.starts_with("danas: ["));
  BOOST_TEST(std::count(error.begin(), error.end(), '\n') == 1);
  BOOST_TEST(error.ends_with("\n"));
  BOOST_TEST(error.find(text) != std::string::npos, "'" << text << "' is not in: " << error);
}

}  // namespace danas::test
