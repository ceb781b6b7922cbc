#include "tiny_search.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "base/file.hpp"
#include "results/candidate_table.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

// Of a table whose fields need no quotes.
std::string without_times(const std::string& table) {
  std::stringstream stream(table);
  std::string line, kept;
  std::getline(stream, line);
  const std::vector<std::string> header = fields_of(line);
  while (std::getline(stream, line)) {
    const std::vector<std::string> fields = fields_of(line);
    BOOST_REQUIRE(fields.size() == header.size());
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (header[i].find("seconds") == std::string::npos) kept += header[i] + "=" + fields[i] + " ";
    kept += "\n";
  }
  return kept;
}

}  // namespace

std::string tiny_data(const fs::path& folder) {
  return R"(seed = 5
[data]
kind = "synthetic"
images = 48
size = 32
cache_path = ")" +
         (folder / "cache").string() + "\"\n";
}

std::string tiny_toml(const fs::path& folder) {
  return "name = \"tiny\"\n" + tiny_data(folder) + R"([space]
resolution = [32]
color = ["monochrome", "rgb"]
width = [0.2, 0.5, 1.0]
depth = [2, 1, 1, 1, 0]
[supernet]
steps = 7
batch = 8
[finetune]
steps = 2
batch = 8
[final]
steps = 3
batch = 8
[search]
systems = 8
population = 4
recalibration_images = 16
evaluation_batch = 8
[device]
name = "tiny board"
ram_kib = 24
flash_kib = 64
)";
}

Experiment tiny_experiment(const fs::path& folder, const std::vector<std::string>& overrides) {
  return parse_experiment(tiny_toml(folder), folder / "tiny.toml", overrides);
}

SearchOptions tiny_options(const fs::path& directory, bool resume, std::atomic<bool>& interrupt) {
  SearchOptions options;
  options.directory = directory;
  options.resume = resume;
  options.interrupt = &interrupt;
  options.state_seconds = 0;
  return options;
}

SearchResult run_tiny(const Experiment& experiment, const fs::path& directory, bool resume, int threads,
                      const AtProgress& at_progress, const std::function<void(int line)>& at_log) {
  const auto backend = make_cpu_backend(threads, "portable");
  std::atomic<bool> interrupt{false};
  int calls = 0, lines = 0;
  SearchObserver observer;
  observer.progress = [&](const std::string&, std::int64_t done, std::int64_t total, double share) {
    if (done > total || share < 0 || share > 1) throw std::logic_error("progress out of range");
    if (at_progress) at_progress(++calls, interrupt);
  };
  observer.log = [&](const std::string&) {
    if (at_log) at_log(++lines);
  };
  return run_search(experiment, *backend, tiny_options(directory, resume, interrupt), observer);
}

bool killed(const std::function<void()>& work, int milliseconds) {
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    try {
      work();
    } catch (...) {
      std::_Exit(3);
    }
    std::_Exit(0);
  }
  if (milliseconds > 0) {
    ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) return true;
  BOOST_TEST_REQUIRE(WEXITSTATUS(status) == 0);
  return false;
}

std::map<std::string, std::string> results(const fs::path& directory) {
  std::map<std::string, std::string> found;
  for (const char* table : {"candidates.csv", "front.csv", "training.csv"})
    found[table] = without_times(read_file(directory / table));
  for (const char* folder : {"models", "supernets", "state/supernets"})
    if (fs::is_directory(directory / folder))
      for (const auto& entry : fs::directory_iterator(directory / folder))
        found[std::string(folder) + "/" + entry.path().filename().string()] = read_file(entry.path());
  return found;
}

void check_same_results(const std::map<std::string, std::string>& expected, const fs::path& directory) {
  const auto found = results(directory);
  BOOST_TEST(found.size() == expected.size());
  for (const auto& [name, content] : expected) {
    BOOST_TEST_REQUIRE(found.contains(name), name << " is missing");
    BOOST_TEST((found.at(name) == content), name << " differs");
  }
}

std::vector<Candidate> candidates_of(const fs::path& directory) {
  const CsvTable table = CsvTable::read(directory / "candidates.csv");
  table.require_columns(candidate_columns());
  return read_candidates(table);
}

std::vector<FrontRow> front_of(const fs::path& directory) {
  const CsvTable table = CsvTable::read(directory / "front.csv");
  table.require_columns(front_columns());
  return read_front(table);
}

}  // namespace danas::test
